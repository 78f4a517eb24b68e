"""The same task for scikit-learn: LogisticRegressionCV on the pair differences.

    python scikit.py FOLDER

FOLDER holds `task.json` (pictures, width, people, ratings, questions, sizes) and, as raw little-endian numbers,
`features.f32` [pictures, width], `answers.i32` [people, ratings, 2] and `exam.i32` [people, questions, 2]: the better picture
first. Every pair also goes in mirrored, with its mirror image in the same fold, so that both classes are always there.
"""

import json
import os
import pathlib
import sys
import warnings

# Every fit is small, and several run at a time: more threads in each would wait for one another.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import joblib
import numpy
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import GroupKFold

warnings.filterwarnings("ignore")  # about settings that a coming version will rename


def learned(differences):
    count = len(differences)
    groups = numpy.concatenate([numpy.arange(count)] * 2)
    x = numpy.concatenate([differences, -differences])
    y = numpy.concatenate([numpy.ones(count), numpy.zeros(count)])
    folds = list(GroupKFold(min(5, count)).split(x, y, groups))
    model = LogisticRegressionCV(Cs=10, cv=folds, fit_intercept=False, max_iter=1000, n_jobs=1)
    return model.fit(x, y).coef_[0]


def main():
    folder = pathlib.Path(sys.argv[1])
    task = json.loads((folder / "task.json").read_text())
    features = numpy.fromfile(folder / "features.f32", "<f4").reshape(task["pictures"], task["width"]).astype(numpy.float64)
    answers = numpy.fromfile(folder / "answers.i32", "<i4").reshape(task["people"], task["ratings"], 2)
    exams = numpy.fromfile(folder / "exam.i32", "<i4").reshape(task["people"], task["questions"], 2)
    def accuracies(asked, exam):
        differences = features[asked[:, 0]] - features[asked[:, 1]]
        truth = features[exam[:, 0]] - features[exam[:, 1]]
        return [float((truth @ learned(differences[:size]) > 0).mean()) for size in task["sizes"]]

    people = joblib.Parallel(n_jobs=-1)(joblib.delayed(accuracies)(*person) for person in zip(answers, exams))
    result = {"accuracy": dict(zip(map(str, task["sizes"]), numpy.mean(people, 0).tolist()))}
    (folder / "result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
