"""What each way of adapting a model costs: pure functions of token counts, volumes, prices and hardware."""
