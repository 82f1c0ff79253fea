"""The words that the sentiment model knows before it has seen a post; they travel in its bundle as lexicon.json."""

from trimtab.features.lexicon import lexicon

KINDS = {
    "negation": "not no never none nobody nothing nowhere neither nor cannot cant dont doesnt didnt isnt wasnt arent "
    "werent wont wouldnt shouldnt couldnt havent hasnt hadnt aint without hardly barely lack lacks lacking",
    "booster": "absolutely amazingly awfully completely deeply enormously entirely especially exceptionally extremely "
    "freaking frickin fucking fully greatly hella highly hugely incredibly intensely most particularly quite really "
    "remarkably so super thoroughly totally tremendously truly unbelievably utterly very",
    "damper": "almost kinda less little marginally occasionally partly scarcely slightly somewhat sorta",
    "first_person": "i me my i'm im we our us",
    "second_person": "you your you're u ur",
    "third_person": "he she they his her their them him",
    "hope": "wish hope hopefully if would could should",
    "future": "will gonna tomorrow going shall may might",
    "asking": "what when where why who how which",
    "contrast": "but however though although yet still",
    "question_mark": "<?> <?+>",
    "exclamation_mark": "<!> <!+>",
    "trailing_dots": "<.+>",
    "number": "<number>",
}
GLAD = "😀😁😂😃😄😅😆😉😊😋😌😍😎😗😘😙😚😛😜😝😺😻🙂🙌👍👏💕💖💗💘💙💚💛💜💞❤♥🎉🎊✨🌟🔥💯💪☺😇🤗🤣"
SAD = "😐😑😒😓😔😕😖😞😟😠😡😢😣😤😥😦😧😨😩😫😬😭😱😳😶😷👎💔🙄🤢🤮🙁☹😾😿💩"
FACE = 2.0  # valence of a face or emoji: about what VADER's raters gave ":)" and ":("


def bundled() -> dict[str, dict]:
    """`valence`: token -> mean valence in [-4, 4]; `kinds`: kind -> its tokens."""
    faces = {"<glad>": FACE, "<sad>": -FACE} | dict.fromkeys(GLAD, FACE) | dict.fromkeys(SAD, -FACE)
    return {"valence": lexicon() | faces, "kinds": {kind: words.split() for kind, words in KINDS.items()}}
