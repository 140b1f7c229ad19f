"""What talking with a model is made of, without any I/O: requests, events, sentences, figures, quotes and checks."""
