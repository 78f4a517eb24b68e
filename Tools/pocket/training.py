"""What the trainings share: workers, resumable checkpoints, an average of the weights, a learning rate, a log.

A training can be stopped at any moment (a signal, a crash, a paused machine) and started again with the same command:
it goes on from its last checkpoint. Checkpoints are written whole or not at all.

Each worker is one thread with its own copy of the model and its own share of a batch. An update takes as many shares as
there are workers, whoever delivers them: a worker that is done waits a little for the others and then takes another share.
So on a shared machine a busy core slows one worker instead of all of them, which is what happens when every product is
split over all cores. A share that comes too late is dropped. (Updating at every share, with nobody waiting, was tried
first: gradients that are one update old slowed the CLIP's first lessons threefold.) With `--workers 1` a training gives
the same weights every time.
"""

from __future__ import annotations

import copy
import math
import pathlib
import signal
import threading
import time
import typing

import torch

import paths
from optimizer import MuonAndAdam

TOO_OLD = 1  # updates

LossOfStep = typing.Callable[[torch.nn.Module, int, torch.Generator], tuple[torch.Tensor, dict[str, float]]]


def half_precision() -> torch.autocast:
    """bfloat16 products where the processor has them; weights, averages and sums stay in float32."""
    return torch.autocast("cpu", dtype=torch.bfloat16, cache_enabled=False)


class Training:
    """One resumable training of one model."""

    def __init__(
        self,
        name: str,
        work: pathlib.Path,
        model: torch.nn.Module,
        *,
        rate: float,
        steps: int,
        warm_up: int = 200,
        decay: float = 0.05,
        average: float = 0.999,
        level_until: float = 0.3,
        workers: int = 2,
    ) -> None:
        torch.set_num_threads(1)
        self.name, self.model, self.rate, self.steps, self.warm_up, self.level_until = (
            name,
            model,
            rate,
            steps,
            warm_up,
            level_until,
        )
        self.workers, self.average_decay = workers, average
        self.path = work / "checkpoints" / f"{name}.pt"
        self.log_path = work / "logs" / f"{name}.log"
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        named = [(key, value) for key, value in model.named_parameters() if value.requires_grad]
        self.optimizer = MuonAndAdam(named, rate, decay)
        # an exponential moving average of the weights is what gets exported: far less noisy than the last step
        self.average = {key: value.detach().clone() for key, value in model.state_dict().items()}
        self.step, self.seconds = 0, 0.0
        self._drawn = 0  # steps handed out to workers, so that no two draw the same batch
        self._stop = threading.Event()
        self._lock = threading.Condition()
        self._shares: list[list[torch.Tensor]] = []
        self._sums: dict[str, float] = {}
        self._since_report, self._dropped = time.monotonic(), 0
        if self.path.exists():
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            model.load_state_dict(saved["model"])
            self.average = saved["average"]
            self.step, self.seconds = saved["step"], saved["seconds"]
            if self.step < self.steps:  # a training that has ended needs its optimizer no more
                self.optimizer.load_state_dict(saved["optimizer"])
            self._drawn = self.step * self.workers
            self.log(f"going on from step {self.step}")

    def log(self, text: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {self.name} {text}"
        print(line, flush=True)
        with self.log_path.open("a") as file:
            file.write(line + "\n")

    def save(self) -> None:
        with self._lock:
            state = {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "average": self.average,
                "step": self.step,
                "seconds": self.seconds,
            }
            paths.write_whole(self.path, lambda path: torch.save(state, path))

    def _rate_factor(self) -> float:
        done = self.step / self.steps
        fall = (
            0.5 * (1 + math.cos(math.pi * (done - self.level_until) / (1 - self.level_until))) if done > self.level_until else 1.0
        )
        return min(1.0, (self.step + 1) / self.warm_up) * max(0.01, fall)

    @torch.no_grad()
    def _update(self) -> None:
        for parameter, *gradients in zip(self.parameters, *self._shares):
            # the fused optimizer takes the gradient's memory as it lies, so it must lie as the weight's does
            parameter.grad = torch.zeros_like(parameter)
            for gradient in gradients:
                parameter.grad.add_(gradient, alpha=1 / len(gradients))
        self._shares = []
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.set_rate(self.rate * self._rate_factor())
        self.optimizer.step()
        self.step += 1
        decay = min(self.average_decay, (1 + self.step) / (10 + self.step))
        for key, value in self.model.state_dict().items():
            if value.is_floating_point():
                self.average[key].lerp_(value, 1 - decay)

    def _report(self, loss: float, figures: dict[str, float], every: int) -> None:
        for key, value in ({"loss": loss} | figures).items():
            self._sums[key] = self._sums.get(key, 0.0) + value / self.workers
        if not self._shares and self.step % every == 0:
            now = time.monotonic()
            took, self._since_report = now - self._since_report, now
            self.seconds += took
            means = "  ".join(f"{key} {value / every:.4f}" for key, value in self._sums.items())
            self.log(f"step {self.step}/{self.steps}  {means}  {took / every:.2f} s a step, {self._dropped} dropped")
            self._sums, self._dropped = {}, 0

    def _work(self, loss_of_step: LossOfStep, report_every: int) -> None:
        replica = copy.deepcopy(self.model)
        own = [p for p in replica.parameters() if p.requires_grad]
        while not self._stop.is_set():
            with self._lock, torch.no_grad():
                if self.step >= self.steps:
                    break
                torch._foreach_copy_(own, self.parameters)
                began, batch, self._drawn = self.step, self._drawn, self._drawn + 1
            started = time.monotonic()
            chance = torch.Generator().manual_seed(batch * 7919 + 17)
            loss, figures = loss_of_step(replica, batch, chance)
            gradients = list(torch.autograd.grad(loss, own))
            with self._lock:
                if self.step - began > TOO_OLD or self.step >= self.steps:
                    self._dropped += 1
                    continue
                self._shares.append(gradients)
                if len(self._shares) == self.workers:
                    self._update()
                    self._lock.notify_all()
                self._report(float(loss.detach()), figures, report_every)
                if self._shares:  # patience for as long as this share took; then on with the next one
                    self._lock.wait_for(lambda: self.step != began or self._stop.is_set(), 0.8 * (time.monotonic() - started))

    def run(self, loss_of_step: LossOfStep, *, report_every: int = 25, save_every_seconds: float = 150) -> None:
        """`loss_of_step(model, step, chance)` gives the loss to go down on, and figures to log."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        self._since_report = time.monotonic()
        threads = [threading.Thread(target=self._work, args=(loss_of_step, report_every), daemon=True) for _ in range(self.workers)]
        for thread in threads:
            thread.start()
        last_save = time.monotonic()
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.5)
            if time.monotonic() - last_save > save_every_seconds:
                self.save()
                last_save = time.monotonic()
        for thread in threads:
            thread.join()
        self.save()
        self.log(f"stopped at step {self.step} after {self.seconds / 60:.0f} min in all")
        if self.step < self.steps:
            raise SystemExit(f"{self.name}: stopped before its end; the same command goes on from here")
