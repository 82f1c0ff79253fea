"""Score the sentiment of posts from a bundle: p_negative, p_neutral, p_positive and the label decided on.

This text travels in the bundle and runs where trimtab is not installed, so it imports none of ours. A post goes
text -> tokens -> hashed n-grams -> margins of three linear models -> boosted trees -> calibrated probabilities.
"""

import html
import json
import re
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import lightgbm
import numpy as np
from pandas import DataFrame
from scipy import sparse

LABELS = ("negative", "neutral", "positive")
CONTENT = """chars words links hashtags mentions emoji questions exclamations digits capitals_share lexicon_positive
lexicon_negative lexicon_compound has_image has_video has_link""".split()  # noqa: SIM905
TEXT_CHARS = 1_000  # of a post that are read: bounds the time and memory of the longest one
BATCH_ROWS = 5_000  # posts held as n-grams at a time
KEPT_WORDS = 1 << 16  # whose spelling and kind are kept: most words are few words
HASH_BITS = 22  # 4 million buckets, of which a quarter of a million are kept
Token = tuple[str, str, bool]  # (as counted, as written, behind a negation)

ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")  # some collectors store \u2019 literally
LINK, MENTION = re.compile(r"(?i)https?://\S*|www\.\S+"), re.compile(r"@\w+")
ELONGATED, TITLE_PARTS = re.compile(r"(\w)\1{2,}"), re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
TOKEN = re.compile(
    r"(?P<glad>[<>]?[:;=][-o*'^]?[)\]dDpP3*]{1,4}(?!\w)|[xX8]-?D(?!\w)|\({1,4}[-o*']?[:;=](?!\w)|<3+|\^_{0,3}\^)"
    r"|(?P<sad></3|[<>]?[:;=][-o*'^]?[(\[/\\|@]{1,4}(?!\w)|D-?:(?!\w)|-_{1,3}-|[oO]_{1,3}[oO](?!\w)|T_T)"
    r"|(?P<mark><link>|<mention>)|(?P<tag>#\w+)|(?P<number>\d[\d.,:/%]*)"
    r"|(?P<word>[^\W\d_]+(?:['_-][^\W\d_]+)*)|(?P<cry>[!?]+|\.{2,}|…)"
    r"|(?P<picture>[\u2190-\u2bff\U0001f000-\U0001faff])|(?P<stop>[.,;:\"()])"
)
NEGATION_REACH = 4  # tokens behind a negation that it turns, unless a stop comes first
KINDS = """negation booster damper first_person second_person third_person hope future asking contrast question_mark
exclamation_mark trailing_dots number""".split()  # noqa: SIM905
NEGATION, BOOSTER, DAMPER, CONTRAST = (KINDS.index(k) for k in ("negation", "booster", "damper", "contrast"))
TONES = """sum squashed highest lowest good bad good_words bad_words first last second_half after_but
per_word""".split()  # noqa: SIM905
SHAPES = "tokens shouted capitalised word_chars reply shared ends_asking".split()  # noqa: SIM905
NUMBERS = (*(f"tone_{name}" for name in TONES), *(f"says_{name}" for name in KINDS), *(f"shape_{n}" for n in SHAPES))
MARGINS = [f"{view}_{label}" for view in ("words", "chars", "joint") for label in LABELS]
EXTREMES = [f"{end}_{label}" for label in LABELS for end in ("strongest", "weakest")]
FEATURES = (*CONTENT, *NUMBERS, *MARGINS, *EXTREMES)
Arrays = dict[str, np.ndarray]


class Lexicon:
    """lexicon.json: the valence of tokens in [-4, 4], and the tokens of each kind."""

    def __init__(self, stored: dict[str, dict]) -> None:
        self.valence: dict[str, float] = stored["valence"]
        self.kind = {word: KINDS.index(kind) for kind, words in stored["kinds"].items() for word in words}
        self.kind_of = lru_cache(KEPT_WORDS)(lambda word: NEGATION if word.endswith("n't") else self.kind.get(word))


def cleaned(text: object) -> str:
    """Plain text with one kind of quotes, `<link>` and `<mention>`; nothing for what is no string."""
    plain = ESCAPE.sub(lambda found: chr(int(found[1], 16)), text[:TEXT_CHARS] if isinstance(text, str) else "")
    plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # joins halves of a character
    plain = html.unescape(html.unescape(plain)).translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'})
    return MENTION.sub(" <mention> ", LINK.sub(" <link> ", plain))


def tokens(text: object, lexicon: Lexicon) -> list[Token]:
    """Words, hashtags (whole and split), faces and marks of a text, in order."""
    found: list[Token] = []
    reach = 0
    for match in TOKEN.finditer(cleaned(text)):
        kind, raw = str(match.lastgroup), match.group()
        for word in _spelt(kind, raw):
            found.append((*word, reach > 0 and word[0][0].isalpha()))
            reach = NEGATION_REACH if lexicon.kind_of(word[0]) == NEGATION else max(reach - 1, 0)
        reach = 0 if kind in ("stop", "cry", "glad", "sad") else reach
    return found


@lru_cache(KEPT_WORDS)
def _spelt(kind: str, raw: str) -> list[tuple[str, str]]:
    if kind in ("glad", "sad", "number"):
        return [(f"<{kind}>", raw)]
    if kind == "cry":
        return [(f"<{raw[0]}{'+' if len(raw) > 1 else ''}>".replace("…", ".+"), raw)]
    whole = [] if kind == "stop" else [(ELONGATED.sub(r"\1\1", raw.lower()), raw)]
    return whole + [(part.lower(), part) for part in (TITLE_PARTS.findall(raw) if kind == "tag" else ())]


def numbers(rows: Sequence[Sequence[Token]], lexicon: Lexicon) -> np.ndarray:
    """(rows, len(NUMBERS)) float32: lexicon tone, counts of telling words, shape of the writing."""
    kinds = [[kind for token in row if (kind := lexicon.kind_of(token[0])) is not None] for row in rows]
    said = [np.bincount(np.array(kind, dtype=int), minlength=len(KINDS)) for kind in kinds]
    found = [[*_tone(row, lexicon), *says, *_shape(row)] for row, says in zip(rows, said, strict=True)]
    return np.array(found, dtype=np.float32).reshape(len(rows), len(NUMBERS))


def _tone(row: Sequence[Token], lexicon: Lexicon) -> list[float]:
    valence = np.array([_valence(at, row, lexicon) for at in range(len(row))])
    if not len(told := valence[valence != 0]):
        return [0.0] * len(TONES)
    good, bad, total = np.maximum(told, 0), np.minimum(told, 0), told.sum()
    turn = max((at for at, token in enumerate(row) if lexicon.kind_of(token[0]) == CONTRAST), default=-1)
    spread = [total, total / np.sqrt(total**2 + 15), told.max(), told.min(), good.sum(), bad.sum()]
    counts = [(good > 0).sum(), (bad < 0).sum(), told[0], told[-1]]
    return [*spread, *counts, valence[len(valence) // 2 :].sum(), valence[turn + 1 :].sum(), total / len(valence)]


def _valence(at: int, row: Sequence[Token], lexicon: Lexicon) -> float:
    """Valence of a token as VADER weighs it (Hutto and Gilbert, ICWSM 2014): boosted, shouted, negated."""
    word, raw, negated = row[at]
    if not (value := lexicon.valence.get(word) or lexicon.valence.get(word.removesuffix("'s"), 0.0)):
        return 0.0
    before = lexicon.kind_of(row[at - 1][0]) if at else None
    size = abs(value) + 0.3 * (before == BOOSTER) - 0.3 * (before == DAMPER) + 0.7 * (len(raw) > 1 and raw.isupper())
    return float(np.copysign(size, value)) * (-0.74 if negated else 1.0)


def _shape(row: Sequence[Token]) -> list[float]:
    written = [raw for word, raw, _ in row if word[0] not in "<#"] or [""]
    shouted = sum([len(raw) > 1 and raw.isupper() for raw in written])
    capital = sum([raw[:1].isupper() for raw in written]) / len(written)
    ends = [row[0][1] == "<mention>", row[0][1] == "RT", row[-1][1][0] == "?"] if row else [0, 0, 0]
    return [len(row), shouted, capital, sum(map(len, written)) / len(written), *ends]


def _mixed(values: np.ndarray) -> np.ndarray:
    """Scatter uint64 over all 64 bits (the finaliser of MurmurHash3, Appleby, public domain)."""
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    values = (values ^ (values >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))


def _ngrams(symbols: np.ndarray, group: np.ndarray, row: np.ndarray, rows: int, sizes: range) -> sparse.csr_matrix:
    """(rows, buckets) counts of the runs of symbols within one group; `row` is that of each symbol."""
    keys, hashed = [], _mixed(symbols + np.uint64(1))
    for size in range(1, min(sizes.stop, len(symbols) + 1)):
        hashed = hashed if size == 1 else _mixed(hashed[:-1] * np.uint64(0x9E3779B97F4A7C15) + symbols[size - 1 :])
        if size in sizes:
            start = np.flatnonzero(group[: len(hashed)] == group[size - 1 :])
            keys.append(row[start] << HASH_BITS | (hashed[start] >> np.uint64(64 - HASH_BITS)).astype(np.int64))
    key, count = np.unique(np.concatenate([np.zeros(0, np.int64), *keys]), return_counts=True)
    row_ends, bucket = np.searchsorted(key >> HASH_BITS, np.arange(rows + 1)), key & ((1 << HASH_BITS) - 1)
    return sparse.csr_matrix((count.astype(np.float32), bucket, row_ends), shape=(rows, 1 << HASH_BITS))


def word_counts(rows: Sequence[Sequence[Token]]) -> sparse.csr_matrix:
    """Runs of one to three tokens; a token behind a negation is another token."""
    spelt = [("NOT_" if negated else "") + word for row in rows for word, _, negated in row]
    known = {word: zlib.crc32(word.encode()) | zlib.adler32(word.encode()) << 32 for word in set(spelt)}
    symbols = np.array([known[word] for word in spelt], dtype=np.uint64)
    row = np.repeat(np.arange(len(rows)), [len(found) for found in rows])
    return _ngrams(symbols, row, row, len(rows), range(1, 4))


def char_counts(rows: Sequence[Sequence[Token]]) -> sparse.csr_matrix:
    """Runs of two to five characters within a token and the blanks around it."""
    padded = [f" {word} " for row in rows for word, _, _ in row]
    symbols = np.frombuffer("".join(padded).encode("utf-32-le"), np.uint32).astype(np.uint64)
    token = np.repeat(np.arange(len(padded)), [len(word) for word in padded])
    row = np.repeat(np.arange(len(rows)), [len(found) for found in rows])
    return _ngrams(symbols, token, row[token], len(rows), range(2, 6))


def weighted(counts: sparse.csr_matrix, columns: np.ndarray, idf: np.ndarray) -> sparse.csr_matrix:
    """Counts of the kept buckets as tf-idf rows of length 1; the tf is 1 + log(count)."""
    at = np.minimum(np.searchsorted(columns, counts.indices), len(columns) - 1)  # scipy would lay out every bucket
    known = columns[at] == counts.indices
    found = counts.data[known], at[known], np.append(0, np.cumsum(known))[counts.indptr]
    kept = sparse.csr_matrix(found, shape=(counts.shape[0], len(columns)))
    kept.data = (1 + np.log(kept.data)) * idf[kept.indices]
    row = np.repeat(np.arange(kept.shape[0]), np.diff(kept.indptr))
    kept.data /= np.sqrt(np.bincount(row, kept.data**2, kept.shape[0]))[row]
    return kept


def standardised(found: np.ndarray, state: Arrays) -> sparse.csr_matrix:
    """Numbers within 4 deviations, on the scale of tf-idf weights (a tenth)."""
    return sparse.csr_matrix(np.clip((found - state["numbers_mean"]) / state["numbers_scale"], -4, 4) * np.float32(0.1))


def margins(words: sparse.csr_matrix, chars: sparse.csr_matrix, joint: sparse.csr_matrix, state: Arrays) -> np.ndarray:
    """(rows, MARGINS + EXTREMES): log-odds of three linear models; the strongest word for and against each label."""
    views = {"words": words, "chars": chars, "joint": joint}
    odds = [matrix @ state[f"{name}_weights"].T + state[f"{name}_bias"] for name, matrix in views.items()]
    row = np.repeat(np.arange(words.shape[0]), np.diff(words.indptr))
    ends = np.zeros((words.shape[0], len(EXTREMES)), np.float32)
    for at, told in enumerate(state["words_weights"][:, words.indices] * words.data):
        np.maximum.at(ends[:, 2 * at], row, told)
        np.minimum.at(ends[:, 2 * at + 1], row, told)
    return np.hstack([*odds, ends]).astype(np.float32)


def content(frame: DataFrame) -> np.ndarray:
    """(rows, len(CONTENT)) float32 of the feature service, NaN where unknown or not served."""
    return frame.reindex(columns=CONTENT).to_numpy(np.float32, na_value=np.nan)


def probabilities(raw: np.ndarray, temperature: float, shift: Sequence[float]) -> np.ndarray:
    """Calibrated probabilities from raw scores (vector scaling: Guo et al., ICML 2017, with one temperature)."""
    logits = raw * temperature + np.asarray(shift)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class Scorer:
    """booster.txt, linear.npz, lexicon.json and decision.json, ready to score."""

    def __init__(self, folder: Path) -> None:
        with np.load(folder / "linear.npz", allow_pickle=False) as stored:
            self.state: Arrays = {name: np.asfortranarray(stored[name]) for name in stored.files}  # else scipy copies
        self.booster = lightgbm.Booster(model_str=(folder / "booster.txt").read_text("utf-8"))
        self.lexicon = Lexicon(json.loads((folder / "lexicon.json").read_text("utf-8")))
        self.decision = json.loads((folder / "decision.json").read_text("utf-8"))

    @classmethod
    def load(cls, directory: str) -> "Scorer":
        return cls(Path(directory))

    def predict(self, frame: DataFrame) -> DataFrame:
        """Calibrated p_* and the label of the largest p over its threshold, not always the largest p; index kept."""
        raw = self.scores(frame, 1, raw_score=True)[:, :, 0]
        found = probabilities(raw, self.decision["temperature"], self.decision["shift"])
        chosen = (found / np.asarray(self.decision["thresholds"])).argmax(axis=1)
        columns = {f"p_{label}": found[:, at] for at, label in enumerate(LABELS)}
        return DataFrame({**columns, "label": np.array(LABELS, dtype=object)[chosen]}, index=frame.index)

    def explain(self, frame: DataFrame) -> DataFrame:
        """What each feature adds to the raw score of the label decided on, plus `bias`; index kept."""
        shares = self.scores(frame, len(FEATURES) + 1, pred_contrib=True)
        chosen = self.predict(frame)["label"].map(LABELS.index).to_numpy(int)
        return DataFrame(shares[np.arange(len(frame)), chosen], columns=[*FEATURES, "bias"], index=frame.index)

    def scores(self, frame: DataFrame, wide: int, **asked: bool) -> np.ndarray:
        """(rows, LABELS, wide) of the booster, a batch of posts at a time."""
        batches = [frame.iloc[start : start + BATCH_ROWS] for start in range(0, len(frame), BATCH_ROWS)]
        parts = [self.booster.predict(self._features(batch), num_threads=1, **asked) for batch in batches]
        return np.concatenate([np.zeros(0), *map(np.ravel, parts)]).reshape(-1, len(LABELS), wide)

    def _features(self, frame: DataFrame) -> np.ndarray:
        rows = [tokens(text, self.lexicon) for text in frame["text"]]
        found, state = numbers(rows, self.lexicon), self.state
        words = weighted(word_counts(rows), state["words_columns"], state["words_idf"])
        chars = weighted(char_counts(rows), state["chars_columns"], state["chars_idf"])
        joint = sparse.hstack([words, chars, standardised(found, state)], format="csr")
        return np.hstack([content(frame), found, margins(words, chars, joint, state)])
