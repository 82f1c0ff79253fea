"""Posts whose mood nobody doubts, in plain English and in our own words, as behavioural tests ask for them
(Ribeiro et al., ACL 2020: minimum functionality, invariance and directional expectation tests).
"""

# Praise and an insult that differ in what is felt and in nothing else.
PAIRS = (
    ("you are a wonderful person", "you are a disgusting person"),
    ("what a brilliant match, I loved it", "what a terrible match, I hated it"),
    ("this phone is great, best one I ever had", "this phone is garbage, worst one I ever had"),
    ("thank you so much, that was really kind", "shame on you, that was really cruel"),
    ("I am so happy with the new album", "I am so angry about the new album"),
    ("the staff were friendly and helpful", "the staff were rude and useless"),
    ("such a beautiful morning, I feel good", "such a miserable morning, I feel sick"),
    ("our team played an amazing game", "our team played a pathetic game"),
    ("this film is excellent and very funny", "this film is awful and very boring"),
    ("congratulations, you truly deserve it!", "you idiot, you ruined it!"),
    ("I love how smart he is", "I hate how stupid he is"),
    ("a perfect dinner with lovely people", "a horrible dinner with nasty people"),
    ("they did a fantastic job with the show", "they did a lousy job with the show"),
    ("so proud of her, what a hero", "so ashamed of her, what a loser"),
    ("the update is awesome, it works perfectly", "the update is crap, it fails constantly"),
    ("I enjoyed every minute of the concert", "I regret every minute of the concert"),
    ("he is an honest and generous man", "he is a liar and a fraud"),
    ("good news today, we won!", "bad news today, we lost."),
    ("this place is charming, I want to stay", "this place is filthy, I want to leave"),
    ("excited for the weekend, it will be fun", "dreading the weekend, it will be hell"),
)
# Posts that only tell when and where.
PLAIN = (
    "the meeting starts at ten on Monday",
    "tickets for the concert are on sale from Friday",
    "the second episode is on Channel 4 tonight",
    "the store on Main Street opens at nine",
    "he arrives in Boston on Tuesday",
    "the report has three chapters and an index",
    "we take the train from London to Leeds",
    "the game is on Sunday at 3 pm",
    "the museum is between the station and the bridge",
    "they will announce the date in March",
)
# Words that English posts can hardly do without: where posts have none of them, these cases say nothing.
ENGLISH = frozenset(("the", "a", "to", "is", "and", "of", "in", "i", "it", "for", "you", "on", "that", "my", "this"))
GLAD, CROSS = (" \U0001f600", " \U0001f44d\U0001f3fd", " \u2764\ufe0f"), (" \U0001f621", " \U0001f44e", " \U0001f92e")
LINKS = (" https://example.com/a7Xk", " http://example.net/q9", " www.example.org/page?id=3")
