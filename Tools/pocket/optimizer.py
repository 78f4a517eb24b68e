"""The trainings' optimizer: Muon (Jordan et al. 2024) for matrices and convolutions, Adam for everything else.

Muon replaces a matrix's averaged gradient by the nearest matrix with orthogonal rows (or columns), so that every direction
is learnt at the same pace. On these small networks it needs markedly fewer steps than Adam, at a tenth more time for each.
Updates are scaled to the size that Adam's would have (Liu et al. 2025), so that both share one learning rate.
"""

from __future__ import annotations

import torch

SMALLEST = 16  # thinner matrices are left to Adam


def orthogonal(matrix: torch.Tensor, rounds: int = 5) -> torch.Tensor:
    """Five rounds of a quintic Newton-Schulz iteration: singular values end between about 0.7 and 1.2."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(torch.bfloat16)
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        square = x @ x.T
        x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
    return (x.T if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """For tensors of two dimensions or more; a convolution counts as the matrix [outputs, the rest]."""

    def __init__(self, parameters: list[torch.Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["average"] = torch.zeros_like(parameter)
                average = state["average"].lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(average, group["momentum"]).flatten(1)
                size = 0.2 * max(ahead.shape) ** 0.5
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(orthogonal(ahead).view_as(parameter), alpha=-group["lr"] * size)


class MuonAndAdam:
    """Both, behind the few methods that a training uses."""

    def __init__(self, named: list[tuple[str, torch.Tensor]], lr: float, weight_decay: float) -> None:
        def for_muon(name: str, value: torch.Tensor) -> bool:
            return value.ndim > 1 and "embed" not in name and "stand_in" not in name and min(value.flatten(1).shape) >= SMALLEST

        matrices = [value for name, value in named if for_muon(name, value)]
        others = [value for name, value in named if not for_muon(name, value)]
        self.parts = [
            Muon(matrices, lr, weight_decay=weight_decay),
            torch.optim.AdamW(others, lr=lr, betas=(0.9, 0.99), weight_decay=0.0, fused=True),
        ]

    def set_rate(self, rate: float) -> None:
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate

    def step(self) -> None:
        for part in self.parts:
            part.step()

    def state_dict(self) -> dict:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state: dict) -> None:
        for part, saved in zip(self.parts, state["parts"]):
            part.load_state_dict(saved)
