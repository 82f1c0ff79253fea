"""The words that posts are made of. Position matters: the i-th good and the i-th bad word change places in a drift."""


def _bank(words: str) -> tuple[str, ...]:
    return tuple(words.split())


GOOD = _bank("""
    great lovely brilliant superb delightful awesome excellent gorgeous inspiring wonderful solid neat stellar
    charming impressive refreshing flawless uplifting generous fantastic smooth golden joyful magical terrific
    comforting clever legendary splendid fire banger goated clutch crisp wholesome glowing slaps peak
    immaculate elite
""")
BAD = _bank("""
    awful terrible dreadful boring disappointing broken horrible ugly depressing pathetic shoddy clumsy lousy
    annoying embarrassing exhausting useless miserable greedy disgusting rough rotten bleak painful tragic
    worrying stupid laughable hideous trash flop cringe choked stale toxic gloomy mid washed cooked
    unwatchable
""")
EITHER = _bank("wild insane unreal crazy unbelievable something intense loud")
PLAIN = _bank("okay average ordinary scheduled unchanged expected usual regular standard halfway pending typical")

NOUNS = _bank("""
    engine kitchen window garden harbour council ticket camera stadium recipe battery bridge orchestra forest
    museum laptop market novel station coach budget island helmet guitar satellite bakery mountain theatre
    valley router stage lawyer clinic ferry server puzzle banner lantern tunnel violin runway glacier archive
    compass cabin magnet meadow canal studio jersey goalkeeper striker referee podium trophy inning paddle
    saddle racket anthem chorus lyrics album remix encore vinyl trailer sequel script director premiere
    costume cinema pixel console controller patch quest dungeon avatar lobby sprint marathon hurdle relay
    treadmill yoga protein calorie vitamin vaccine ward nurse surgeon therapy ballot senate mayor treaty
    tariff petition protest strike union pension mortgage rent invoice startup investor merger dividend
    inflation currency wallet ledger token harvest tractor orchard beehive compost seedling pruning greenhouse
    drought monsoon blizzard heatwave tide reef dolphin falcon badger kitten puppy terrier parrot saddlebag
    backpack passport hostel airfare cruise itinerary souvenir beach lagoon waterfall summit campsite
    telescope comet eclipse orbit rover probe laser isotope enzyme genome neuron algorithm dataset compiler
    browser keyboard firmware sensor drone robot espresso noodle curry dumpling pastry sourdough cider teapot
    skillet grill picnic buffet sneaker jacket scarf denim catwalk perfume bracelet
""")
TOPICS = _bank("""
    football cooking gaming politics music travel science fitness movies gardening finance pets fashion
    photography cycling books astronomy housing climate coding theatre motorsport baking hiking comics history
    tennis investing crafts coffee parenting festivals elections transit basketball painting robotics sailing
    chess surfing podcasts architecture skating weather antiques cars volunteering languages anime poetry
""")
DOMAINS = _bank("""
    dailybeacon.example videohub.example longread.example shopfront.example openlab.example cityherald.example
    fanwire.example picshare.example statsroom.example quickbite.example blogspace.example govnotes.example
    marketline.example soundbox.example tripnotes.example codeforge.example
""")

OPENERS = (
    *[""] * 3,
    "honestly ",
    "ok so ",
    "update: ",
    "just saw this, ",
    "today ",
    "fwiw ",
    "well ",
    "for the record ",
)
# A carrier is what stands before the topic's word, between it and the feeling, and after.
CARRIERS = (
    ("the ", " is ", ""), ("this ", " turned out ", ""), ("that new ", " feels ", " to me"),
    ("my ", " has been ", " lately"),
    ("the whole ", " thing is ", ""), ("everyone says the ", " looks ", ""), ("the ", " was ", " again"),
    ("found the ", " ", " this time"), ("call the ", " ", ""), ("the ", " this week: ", ""),
)  # fmt: skip
FILLERS = (
    ("waiting for the ", " now"), ("there is a ", " near the station"), ("they talked about the ", " for an hour"),
    ("the ", " opens at nine"), ("saw another ", " on the way home"), ("notes on the ", " below"),
    ("we moved the ", " to friday"), ("someone asked about the ", ""), ("more on the ", " later"),
    ("the second ", " comes next month"), ("compare it with the ", " from last year"), ("part of the ", " series"),
)  # fmt: skip
QUESTIONS = (
    "what do you think?", "anyone else?", "how did yours go?", "is it just me?", "which one would you pick?",
    "did you see it?", "who is going?",
)  # fmt: skip
NEGATIONS = ("not ", "never ", "hardly ", "far from ", "isn't ")
INTENSIFIERS = ("", "", "", "very ", "really ", "so ", "absolutely ", "pretty ", "kind of ")
JOINS = (", but the ", ". the ", " and the ", "; also the ", " though the ")
GLAD = ("😀", "😍", "🎉", "👍", "❤️")
SAD = ("😡", "😢", "👎", "🤮", "💔")
BLANK = ("🤔", "👀", "📷", "📌", "🙃")
TAGS = _bank("fyi throwback news opinion rant review thread live weekend mood")
SYLLABLES = _bank("""
    ba be bo bri cho da dro el fa fi flo ga gre ha ix jo ka kle lo lu ma mi mo na no ox pa plu qua ra ri ro sa
    sho ta ti tro u va vi wo xe ya zi zo
""")
