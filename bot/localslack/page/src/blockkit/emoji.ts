/** The emoji names this page knows, out of Slack's list; an unknown name stays text. */

const EMOJI: Readonly<Record<string, string>> = {
  "+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎", "100": "💯", "tada": "🎉",
  "rocket": "🚀", "fire": "🔥", "sparkles": "✨", "star": "⭐", "star2": "🌟", "eyes": "👀",
  "wave": "👋", "clap": "👏", "raised_hands": "🙌", "pray": "🙏", "muscle": "💪", "ok_hand": "👌",
  "point_right": "👉", "point_left": "👈", "point_up": "☝️", "point_down": "👇", "v": "✌️", "raised_hand": "✋",
  "hand": "✋", "handshake": "🤝", "writing_hand": "✍️", "smile": "😄", "smiley": "😃", "grinning": "😀",
  "grin": "😁", "joy": "😂", "rofl": "🤣", "slightly_smiling_face": "🙂", "upside_down_face": "🙃", "wink": "😉",
  "blush": "😊", "heart_eyes": "😍", "thinking_face": "🤔", "thinking": "🤔", "neutral_face": "😐", "expressionless": "😑",
  "confused": "😕", "worried": "😟", "disappointed": "😞", "cry": "😢", "sob": "😭", "scream": "😱",
  "sweat_smile": "😅", "sunglasses": "😎", "nerd_face": "🤓", "partying_face": "🥳", "sleeping": "😴", "hugging_face": "🤗",
  "face_with_monocle": "🧐", "exploding_head": "🤯", "shrug": "🤷", "facepalm": "🤦", "robot_face": "🤖", "ghost": "👻",
  "skull": "💀", "heart": "❤️", "orange_heart": "🧡", "yellow_heart": "💛", "green_heart": "💚", "blue_heart": "💙",
  "purple_heart": "💜", "black_heart": "🖤", "broken_heart": "💔", "white_check_mark": "✅", "heavy_check_mark": "✔️", "ballot_box_with_check": "☑️",
  "x": "❌", "negative_squared_cross_mark": "❎", "heavy_multiplication_x": "✖️", "warning": "⚠️", "no_entry": "⛔", "no_entry_sign": "🚫",
  "octagonal_sign": "🛑", "bangbang": "‼️", "exclamation": "❗", "heavy_exclamation_mark": "❗", "question": "❓", "grey_question": "❔",
  "grey_exclamation": "❕", "information_source": "ℹ️", "construction": "🚧", "rotating_light": "🚨", "bell": "🔔", "no_bell": "🔕",
  "red_circle": "🔴", "large_orange_circle": "🟠", "orange_circle": "🟠", "large_yellow_circle": "🟡", "yellow_circle": "🟡", "large_green_circle": "🟢",
  "green_circle": "🟢", "large_blue_circle": "🔵", "blue_circle": "🔵", "large_purple_circle": "🟣", "white_circle": "⚪", "black_circle": "⚫",
  "large_green_square": "🟩", "large_yellow_square": "🟨", "large_red_square": "🟥", "large_blue_square": "🟦", "white_large_square": "⬜", "black_large_square": "⬛",
  "white_square": "◻️", "black_square": "◼️", "small_blue_diamond": "🔹", "small_orange_diamond": "🔸", "large_blue_diamond": "🔷", "large_orange_diamond": "🔶",
  "radio_button": "🔘", "hourglass": "⌛", "hourglass_flowing_sand": "⏳", "stopwatch": "⏱️", "timer_clock": "⏲️", "alarm_clock": "⏰",
  "watch": "⌚", "clock1": "🕐", "clock3": "🕒", "clock9": "🕘", "calendar": "📆", "date": "📅",
  "spiral_calendar_pad": "🗓️", "arrow_right": "➡️", "arrow_left": "⬅️", "arrow_up": "⬆️", "arrow_down": "⬇️", "arrow_upper_right": "↗️",
  "arrow_lower_right": "↘️", "arrows_counterclockwise": "🔄", "repeat": "🔁", "leftwards_arrow_with_hook": "↩️", "arrow_right_hook": "↪️", "fast_forward": "⏩",
  "rewind": "⏪", "arrow_forward": "▶️", "black_square_for_stop": "⏹️", "double_vertical_bar": "⏸️", "pause_button": "⏸️", "stop_button": "⏹️",
  "play_or_pause_button": "⏯️", "heavy_plus_sign": "➕", "heavy_minus_sign": "➖", "heavy_division_sign": "➗", "moneybag": "💰", "money_with_wings": "💸",
  "dollar": "💵", "euro": "💶", "pound": "💷", "credit_card": "💳", "receipt": "🧾", "bank": "🏦",
  "chart": "💹", "chart_with_upwards_trend": "📈", "chart_with_downwards_trend": "📉", "bar_chart": "📊", "scales": "⚖️", "abacus": "🧮",
  "mag": "🔍", "mag_right": "🔎", "bulb": "💡", "wrench": "🔧", "hammer": "🔨", "hammer_and_wrench": "🛠️",
  "gear": "⚙️", "toolbox": "🧰", "nut_and_bolt": "🔩", "link": "🔗", "paperclip": "📎", "pushpin": "📌",
  "round_pushpin": "📍", "triangular_flag_on_post": "🚩", "checkered_flag": "🏁", "label": "🏷️", "bookmark": "🔖", "key": "🔑",
  "lock": "🔒", "unlock": "🔓", "closed_lock_with_key": "🔐", "shield": "🛡️", "electric_plug": "🔌", "battery": "🔋",
  "satellite": "📡", "satellite_antenna": "📡", "memo": "📝", "pencil": "📝", "pencil2": "✏️", "page_facing_up": "📄",
  "page_with_curl": "📃", "scroll": "📜", "clipboard": "📋", "books": "📚", "book": "📖", "open_book": "📖",
  "notebook": "📓", "blue_book": "📘", "green_book": "📗", "orange_book": "📙", "file_folder": "📁", "open_file_folder": "📂",
  "card_index_dividers": "🗂️", "file_cabinet": "🗄️", "wastebasket": "🗑️", "package": "📦", "inbox_tray": "📥", "outbox_tray": "📤",
  "envelope": "✉️", "email": "📧", "incoming_envelope": "📨", "newspaper": "📰", "bookmark_tabs": "📑", "ledger": "📒",
  "floppy_disk": "💾", "cd": "💿", "computer": "💻", "desktop_computer": "🖥️", "keyboard": "⌨️", "iphone": "📱",
  "phone": "☎️", "camera": "📷", "movie_camera": "🎥", "microscope": "🔬", "telescope": "🔭", "test_tube": "🧪",
  "alembic": "⚗️", "dna": "🧬", "brain": "🧠", "jigsaw": "🧩", "dart": "🎯", "game_die": "🎲",
  "trophy": "🏆", "medal": "🏅", "first_place_medal": "🥇", "second_place_medal": "🥈", "third_place_medal": "🥉", "crown": "👑",
  "gem": "💎", "gift": "🎁", "balloon": "🎈", "confetti_ball": "🎊", "speech_balloon": "💬", "thought_balloon": "💭",
  "left_speech_bubble": "🗨️", "loudspeaker": "📢", "mega": "📣", "mute": "🔇", "zap": "⚡", "boom": "💥",
  "snowflake": "❄️", "sunny": "☀️", "cloud": "☁️", "rainbow": "🌈", "ocean": "🌊", "earth_americas": "🌎",
  "earth_africa": "🌍", "globe_with_meridians": "🌐", "compass": "🧭", "world_map": "🗺️", "mountain": "⛰️", "rock": "🪨",
  "seedling": "🌱", "evergreen_tree": "🌲", "deciduous_tree": "🌳", "herb": "🌿", "four_leaf_clover": "🍀", "mushroom": "🍄",
  "coffee": "☕", "tea": "🍵", "pizza": "🍕", "cake": "🍰", "beer": "🍺", "beers": "🍻",
  "student": "🧑‍🎓", "teacher": "🧑‍🏫", "mortar_board": "🎓", "technologist": "🧑‍💻", "scientist": "🧑‍🔬", "office_worker": "🧑‍💼",
  "detective": "🕵️", "bust_in_silhouette": "👤", "busts_in_silhouette": "👥", "ear": "👂", "footprints": "👣", "dog": "🐶",
  "cat": "🐱", "whale": "🐳", "turtle": "🐢", "snail": "🐌", "bug": "🐛", "bee": "🐝",
  "ant": "🐜", "butterfly": "🦋", "owl": "🦉", "eagle": "🦅", "parrot": "🦜", "llama": "🦙",
  "unicorn_face": "🦄", "snake": "🐍", "crab": "🦀", "octopus": "🐙", "one": "1️⃣", "two": "2️⃣",
  "three": "3️⃣", "four": "4️⃣", "five": "5️⃣", "six": "6️⃣", "seven": "7️⃣", "eight": "8️⃣",
  "nine": "9️⃣", "keycap_ten": "🔟", "zero": "0️⃣", "hash": "#️⃣", "new": "🆕", "free": "🆓",
  "up": "🆙", "ok": "🆗", "sos": "🆘", "cool": "🆒", "abcd": "🔡", "1234": "🔢",
  "infinity": "♾️", "recycle": "♻️", "white_flag": "🏳️", "bricks": "🧱", "building_construction": "🏗️", "house": "🏠",
  "office": "🏢", "factory": "🏭", "school": "🏫", "hospital": "🏥", "train": "🚆", "car": "🚗",
  "truck": "🚚", "bike": "🚲", "ship": "🚢", "airplane": "✈️", "helicopter": "🚁", "ladder": "🪜",
  "thread": "🧵", "magnet": "🧲", "crystal_ball": "🔮", "lab_coat": "🥼", "microphone": "🎤", "musical_note": "🎵",
  "art": "🎨",
};

/** Return the character for a name such as "tada", or undefined. */
export function emojiFor(name: string): string | undefined {
  return Object.hasOwn(EMOJI, name) ? EMOJI[name] : undefined;
}

/** Return up to `limit` names that begin with `prefix`, with their characters. */
export function emojiNames(prefix: string, limit: number): [string, string][] {
  return Object.entries(EMOJI)
    .filter(([name]) => name.startsWith(prefix))
    .slice(0, limit);
}
