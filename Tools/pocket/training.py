"""What the three trainings share: resumable checkpoints, an average of the weights, a learning rate, a log.

A training can be stopped at any moment (a signal, a crash, a paused machine) and started again with the same command:
it goes on from its last checkpoint. Checkpoints are written whole or not at all.
"""

from __future__ import annotations

import math
import pathlib
import signal
import time

import torch

import paths

THREADS = 2


def prepare(seed: int) -> None:
    torch.set_num_threads(THREADS)
    torch.manual_seed(seed)


def half_precision():
    """bfloat16 products where the processor has them; weights, averages and sums stay in float32."""
    return torch.autocast("cpu", dtype=torch.bfloat16)


class Average:
    """An exponential moving average of the weights. It is what gets exported: far less noisy than the last step."""

    def __init__(self, model: torch.nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: torch.nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.values[name].lerp_(value, 1 - decay)


class Training:
    """One resumable training of one model."""

    def __init__(self, name: str, work: pathlib.Path, model: torch.nn.Module, *, rate: float, steps: int, warm_up: int = 200,
                 decay: float = 0.05, average: float = 0.999, betas: tuple[float, float] = (0.9, 0.99), level_until: float = 0.3) -> None:
        self.name, self.model, self.rate, self.steps, self.warm_up, self.level_until = name, model, rate, steps, warm_up, level_until
        self.path = work / "checkpoints" / f"{name}.pt"
        self.log_path = work / "logs" / f"{name}.log"
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        matrices = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
        others = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
        self.optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}],
                                           lr=rate, betas=betas, fused=True)
        self.average = Average(model, average)
        self.step = 0
        self.seconds = 0.0
        self._stop = False
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGINT, self._ask_to_stop)
        if self.path.exists():
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            model.load_state_dict(saved["model"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.average.values = saved["average"]
            self.step, self.seconds = saved["step"], saved["seconds"]
            self.log(f"going on from step {self.step}")

    def _ask_to_stop(self, *_: object) -> None:
        self._stop = True

    def log(self, text: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {self.name} {text}"
        print(line, flush=True)
        with self.log_path.open("a") as file:
            file.write(line + "\n")

    def save(self) -> None:
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "average": self.average.values,
                 "step": self.step, "seconds": self.seconds}
        paths.write_whole(self.path, lambda path: torch.save(state, path))

    def _set_rate(self) -> None:
        done = self.step / self.steps
        fall = 0.5 * (1 + math.cos(math.pi * (done - self.level_until) / (1 - self.level_until))) if done > self.level_until else 1.0
        factor = min(1.0, (self.step + 1) / self.warm_up) * max(0.01, fall)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * factor

    def run(self, loss_of_step, *, report_every: int = 25, save_every_seconds: float = 150) -> None:
        """`loss_of_step(step)` gives the loss to go down on and figures to log."""
        sums: dict[str, float] = {}
        last_save, began = time.monotonic(), time.monotonic()
        while self.step < self.steps and not self._stop:
            torch.manual_seed(self.step * 7919 + 17)  # the same noise for the same step, also after going on
            self._set_rate()
            loss, figures = loss_of_step(self.step)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.step += 1
            self.average.update(self.model, self.step)
            for key, value in ({"loss": float(loss.detach())} | figures).items():
                sums[key] = sums.get(key, 0.0) + value
            if self.step % report_every == 0:
                now = time.monotonic()
                self.seconds += now - began
                means = "  ".join(f"{key} {value / report_every:.4f}" for key, value in sums.items())
                self.log(f"step {self.step}/{self.steps}  {means}  {(now - began) / report_every:.2f} s a step")
                sums, began = {}, now
            if time.monotonic() - last_save > save_every_seconds:
                self.save()
                last_save = time.monotonic()
        self.save()
        self.log(f"stopped at step {self.step} after {self.seconds / 60:.0f} min in all")
