"""What the reference implementations say of small rankings, answers, ratings and votes.

Needs: pip install rouge-score==0.1.2 sacrebleu==2.6.0 pytrec_eval-terrier==0.5.11 scipy==1.17.1 scikit-learn==1.9.1
       statsmodels==0.15.0
Run:   python scripts/goldens/metrics.py tests/fixtures/evaluation/metrics.json
"""

import json
import random
import re
import string
import sys
from collections import Counter

import numpy as np
import pytrec_eval
import sacrebleu
from rouge_score import rouge_scorer, tokenizers
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests

random.seed(11)
rng = np.random.default_rng(11)

# --- answers -----------------------------------------------------------------------------------------------------------

TEXTS = [
    ("", ["the mill"]),
    ("", [""]),
    ("mill", [""]),
    ("The mill.", ["the mill", "a windmill"]),
    ("Denver Broncos", ["Denver Broncos", "The Denver Broncos", "Broncos"]),
    ("the U.S. Army's 2nd well-known unit", ["U.S. Army", "the 2nd unit of the US army"]),
    ("It rose by 3.5%, to 1,250 units (2019-2020)", ["rose 3.5 % to 1,250 units in 2019-20"]),
    ("the cat sat on the mat", ["the cat is on the mat", "there is a cat on the mat"]),
    ("on the mat sat the cat the cat the cat", ["the cat sat on the mat"]),
    ("Die Größe beträgt übrigens 12 Äpfel", ["Die Größe ist 12 Äpfel", "zwölf Äpfel"]),
    ("naïve café – «déjà vu»", ["naive cafe déjà vu", "déjà vu"]),
    ("東京は日本の首都です", ["東京は日本の首都"]),
    ("answer 🙂 with emoji 🚀", ["an answer 🙂 with emoji"]),
    ("A & B &lt;tag&gt; \"quoted\" it's a test-case, isn't it?", ["A & B <tag> 'quoted': it's a test case."]),
    ("line one\nline two\nline three of the text", ["line one line two", "line three of the text\nline one"]),
    ("a a a a a b", ["a b", "a a b b"]),
    ("the quick brown fox jumps over the lazy dog near the river bank", ["a quick brown fox jumped over lazy dogs by the river", "the lazy dog"]),
    ("To reset the device, hold the power button for ten seconds.", ["Hold the power button for 10 seconds to reset the device."]),
    ("x", ["y"]),
    ("one two three", ["one two three"]),
]


def normalize_answer(text):
    """Of SQuAD's evaluate-v2.0.py, as are the next three."""
    text = "".join(c for c in text.lower() if c not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def squad_exact(gold, answer):
    return int(normalize_answer(gold) == normalize_answer(answer))


def squad_f1(gold, answer):
    gold_tokens, tokens = normalize_answer(gold).split(), normalize_answer(answer).split()
    same = sum((Counter(gold_tokens) & Counter(tokens)).values())
    if not gold_tokens or not tokens:
        return int(gold_tokens == tokens)
    if same == 0:
        return 0
    precision, recall = same / len(tokens), same / len(gold_tokens)
    return 2 * precision * recall / (precision + recall)


class AnyScript(tokenizers.Tokenizer):
    """rouge-score's own one drops all letters beyond ASCII."""

    def tokenize(self, text):
        return re.findall(r"[^\W_]+", text.lower())


def rouge(answer, references):
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False, tokenizer=AnyScript())
    scores = scorer.score_multi(references, answer)
    if answer.isascii() and all(r.isascii() for r in references):
        own = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
        assert scores == own.score_multi(references, answer)
    return {key: score.fmeasure for key, score in scores.items()}


answers = [
    {
        "answer": answer,
        "references": references,
        # ASCII only: the script knows no other punctuation.
        **({"exactMatch": max(squad_exact(r, answer) for r in references),
            "tokenF1": max(squad_f1(r, answer) for r in references)}
           if answer.isascii() and all(r.isascii() for r in references) else {}),
        **rouge(answer, references),
        "bleu": sacrebleu.sentence_bleu(answer, references).score / 100,
        "chrf": sacrebleu.sentence_chrf(answer, references).score / 100,
    }
    for answer, references in TEXTS
]


def corpus_bleu(pairs):
    width = max(len(references) for _, references in pairs)
    streams = [[references[i] if i < len(references) else None for _, references in pairs] for i in range(width)]
    return sacrebleu.corpus_bleu([answer for answer, _ in pairs], streams).score / 100


corpora = [
    {"pairs": [{"answer": a, "references": r} for a, r in pairs], "bleu": corpus_bleu(pairs)}
    for pairs in (TEXTS, TEXTS[4:9], [("one two three", ["one two three"])])
]

# --- rankings ----------------------------------------------------------------------------------------------------------

rankings = []
for _ in range(24):
    ids = [f"d{i}" for i in range(30)]
    ranked = random.sample(ids, random.choice([0, 1, 4, 12, 25]))
    relevant = random.sample(ids, random.choice([1, 1, 2, 3, 12]))
    run = {"q": {d: float(len(ranked) - i) for i, d in enumerate(ranked)}, "x": {"d0": 1.0}}
    qrels = {"q": {d: 1 for d in relevant}, "x": {"d0": 1}}
    measures = {"recall.1,5,10", "P.1,5,10", "success.1,5,10", "ndcg_cut.1,5,10", "recip_rank", "map"}
    score = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    # trec_eval leaves out queries without a result: they count 0.
    score = score.get("q") if ranked else {}
    name = {"recall": "recall", "P": "precision", "success": "hit", "ndcg_cut": "ndcg"}
    rankings.append({
        "ranked": ranked,
        "relevant": relevant,
        "scores": {
            **{f"{ours}@{k}": score.get(f"{theirs}_{k}", 0.0) for theirs, ours in name.items() for k in (1, 5, 10)},
            "mrr": score.get("recip_rank", 0.0),
            "map": score.get("map", 0.0),
        },
    })

# --- statistics --------------------------------------------------------------------------------------------------------

permutations = []
for values in (
    [0.2, -0.1, 0.4, 0.3, 0.0, 0.1, -0.2],
    [1, 1, 1, 0, 0, -1, 1, 0, 1, 1],
    [0.5, 0.25, 0.75],
    [0.0, 0.0],
    np.round(rng.normal(0.1, 0.4, 60), 4).tolist(),
    rng.choice([-1, 0, 1], 200, p=[0.1, 0.7, 0.2]).tolist(),
):
    test = stats.permutation_test(
        (np.array(values, float),), np.sum, permutation_type="samples", n_resamples=200_000, rng=5)
    permutations.append({"differences": values, "p": min(1.0, float(test.pvalue))})

kappas = []
for a, b in (
    (["up", "up", "down", "down", "up", "up", "down", "up", "down", "up"],
     ["up", "down", "down", "down", "up", "up", "up", "up", "down", "up"]),
    (list("aabbccaabc"), list("abbbccaaac")),
    (["up"] * 4 + ["down"] * 4, ["up"] * 4 + ["down"] * 4),
    (["up", "down", "up", "down"], ["down", "up", "down", "up"]),
):
    labels = sorted(set(a) | set(b))
    table = [[sum(x == i and y == j for x, y in zip(a, b)) for j in labels] for i in labels]
    own = cohens_kappa(np.array(table))
    assert abs(own.kappa - cohen_kappa_score(a, b)) < 1e-12
    kappas.append({"a": a, "b": b, "kappa": own.kappa, "low": own.kappa_low, "high": own.kappa_upp})

ps = [0.001, 0.04, 0.03, 0.005, 0.5, 0.04]
holm = {"p": ps, "adjusted": multipletests(ps, method="holm")[1].tolist()}

players = ["base", "tuned", "hosted"]
duels = []
for _ in range(120):
    i, j = random.sample(range(3), 2)
    outcome = random.choices([1, 0, 0.5], [0.5 + 0.12 * (i - j), 0.3 - 0.12 * (i - j), 0.2])[0]
    duels.append({"first": players[i], "second": players[j], "outcome": outcome})
# Bradley-Terry as logistic regression: +1 for the first, -1 for the second; a tie is half a win of each.
x, y, weights = [], [], []
for duel in duels:
    row = [0.0] * 3
    row[players.index(duel["first"])], row[players.index(duel["second"])] = 1.0, -1.0
    for won, weight in ((1, duel["outcome"]), (0, 1 - duel["outcome"])):
        if weight:
            x.append(row), y.append(won), weights.append(weight)
model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, max_iter=10_000)
strengths = model.fit(x, y, sample_weight=weights).coef_[0]
elo = 1000 + 400 / np.log(10) * (strengths - strengths.mean())

with open(sys.argv[1], "w") as file:
    json.dump({
        "answers": answers,
        "corpora": corpora,
        "rankings": rankings,
        "permutations": permutations,
        "kappas": kappas,
        "holm": holm,
        "duels": {"votes": duels, "elo": dict(zip(players, elo.tolist()))},
    }, file, ensure_ascii=False)
