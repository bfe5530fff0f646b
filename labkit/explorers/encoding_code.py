"""A positional encoding as Python code: what the button "Copy as Python" gives."""

__all__ = ["encoding_code"]

START = "import torch\nfrom torch.nn.functional import cosine_similarity\n"
MADE = {
    "sinusoidal": """
from labkit.ops.positional_encoding import sinusoidal_encoding

encoding = sinusoidal_encoding({length}, {d_model}, base={base})
""",
    "rotary": """
from labkit.ops.positional_encoding import rotary_embedding

x = torch.tensor([1.0, 0.0] * {d_model})[:{d_model}].expand({length}, {d_model})
encoding = rotary_embedding(x, base={base}, rotary_dim={turned})
""",
    "trained": """
# table: the {length} × {d_model} tensor that this explorer shows
encoding = table[:{length}]
""",
    "random": """
# random numbers: nothing has been learned here
encoding = torch.randn({length}, {d_model}, generator=torch.Generator().manual_seed(0))
""",
}
END = """print(encoding[{position}, {dimension}])
similarity = cosine_similarity(encoding[:, None], encoding[None], dim=-1)
print(similarity[{position}])
"""


def encoding_code(
    position: int,
    *,
    length: int,
    d_model: int,
    base: float,
    kind: str,
    dimension: int,
    trained: bool,
) -> str:
    """Write an encoding, one of its numbers and the similarity of one position, as Python.

    Examples
    --------
    >>> options = {"length": 8, "d_model": 4, "base": 100.0, "dimension": 1, "trained": False}
    >>> print(encoding_code(3, kind="sinusoidal", **options).splitlines()[5])
    encoding = sinusoidal_encoding(8, 4, base=100.0)
    """
    if kind == "learned":
        kind = "trained" if trained else "random"
    return (START + MADE[kind] + END).format(
        length=length,
        d_model=d_model,
        base=base,
        turned=d_model - d_model % 2,
        position=position,
        dimension=dimension,
    )
