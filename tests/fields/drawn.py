"""Small random networks, made of every operation that can be traced, and the gradient that tells what a unit sees."""

import random

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segviz.measurement.instance_norm import InstanceNormAsItIs

CHANNELS = 8
OFF = 0.7  # added to what is multiplied: nothing is to be hidden by a factor of 0, as a padded border has it
aten = torch.ops.aten


class Function(nn.Module):
    """A module out of a function and the layers it uses."""

    def __init__(self, function, *layers):
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)

    def forward(self, x):
        return self.function(x, *self.layers)


def mixed(function, channels=CHANNELS):
    """A function of maps, and a 1×1 convolution that gives every channel a part of every other."""
    return nn.Sequential(Function(function), nn.Conv2d(channels, CHANNELS, 1))


# --- Layers, by what they do to maps; each maker takes the random generator ----------------------------------------


def convolutions(rng):
    groups, bias = rng.choice([1, 2, CHANNELS]), rng.choice([False, True])
    k, s, d, p = (
        (rng.choice([1, 2, 3]), rng.choice([1, 3])),
        rng.choice([1, 2]),
        rng.choice([1, 2, 3]),
        rng.choice([0, 1]),
    )
    same = {"dilation": d, "padding": "same"}
    return [
        nn.Conv2d(CHANNELS, CHANNELS, k, stride=s, dilation=d, padding=p, groups=groups, bias=bias),
        nn.Conv2d(CHANNELS, CHANNELS, 3, padding_mode="reflect", **same),
        nn.Conv2d(CHANNELS, CHANNELS, 3, padding_mode="replicate", **same),
        nn.Conv2d(CHANNELS, CHANNELS, 3, padding_mode="circular", **same),
        nn.Conv2d(CHANNELS, CHANNELS, 2, **same),
        nn.ConvTranspose2d(CHANNELS, CHANNELS, k, stride=2, dilation=d, padding=p, output_padding=1),
        nn.ConvTranspose2d(CHANNELS, CHANNELS, 2, stride=3, groups=groups),
        Function(lambda x, c: c(x[:, None])[:, 0], nn.Conv3d(1, 1, (3, 1, 3), padding=(1, 0, 1))),
        # along rows alone, the columns standing in the batch
        Function(
            lambda x, c: c(x.permute(0, 3, 1, 2).flatten(0, 1)).unflatten(0, (1, -1)).permute(0, 2, 3, 1),
            nn.Conv1d(CHANNELS, CHANNELS, 3, stride=s, padding=1),
        ),
        # along the channels of every position
        Function(
            lambda x, c: (
                c(x.permute(0, 2, 3, 1).reshape(-1, 1, CHANNELS))
                .view(x.shape[2], x.shape[3], -1)
                .permute(2, 0, 1)[None]
            ),
            nn.Conv1d(1, 1, 5, padding=2),
        ),
        Function(
            lambda x, c: c(
                F.unfold(x, 3, padding=p, stride=s, dilation=d).view(
                    1, 9 * CHANNELS, (x.shape[2] + 2 * p - 2 * d - 1) // s + 1, -1
                )
            ),
            nn.Conv2d(9 * CHANNELS, CHANNELS, 1),
        ),
        Function(
            lambda x, c: F.fold(c(x).flatten(2), (x.shape[2] + 1, x.shape[3]), (2, 3), padding=(0, 1)),
            nn.Conv2d(CHANNELS, 6 * CHANNELS, 1),
        ),
        # a kernel that is made of the whole picture
        Function(
            lambda x, m: F.conv2d(x, m(x.mean((2, 3))).view(CHANNELS, CHANNELS, 1, 1)),
            nn.Linear(CHANNELS, CHANNELS**2),
        ),
    ]


def pools(rng):
    p, ceil, s = rng.choice([0, 1]), rng.choice([False, True]), rng.choice([1, 2])
    return [
        nn.AvgPool2d(2 + p, stride=s, padding=p, ceil_mode=ceil, count_include_pad=ceil),
        nn.LPPool2d(2, 2, ceil_mode=ceil),
        nn.AdaptiveAvgPool2d((rng.randint(1, 5), rng.choice([3, None]))),
        Function(lambda x, c: c((x + OFF) * F.adaptive_avg_pool2d(x, 1)), nn.Conv2d(CHANNELS, CHANNELS, 1)),
        Function(lambda x: (x + OFF) * torch.sigmoid(F.avg_pool2d(x, (x.size(2), x.size(3)))).expand_as(x)),
        Function(lambda x: F.avg_pool3d(x, (1, 2, 1), stride=1)),
        Function(lambda x: aten._adaptive_avg_pool3d(x, (CHANNELS, 2, x.shape[3]))),
        mixed(lambda x: x + x.mean(2 + p, keepdim=True)),
        mixed(lambda x: (x + OFF) * x.std((2, 3), keepdim=True)),
        mixed(lambda x: (x + OFF) * x.var(3, keepdim=True) + x.sum(2, keepdim=True)),
        mixed(
            lambda x: torch.cat([*torch.var_mean(x, 2, keepdim=True), *torch.std_mean(x, 2, keepdim=True)], 1),
            4 * CHANNELS,
        ),
        mixed(
            lambda x: (x + OFF) * x.norm(dim=(2, 3), keepdim=True) + torch.linalg.vector_norm(x, dim=3, keepdim=True)
        ),
        mixed(lambda x: x + torch.logsumexp(x, 3, keepdim=True)),
        mixed(lambda x: x / (1 + x.pow(2).sum(1, keepdim=True))),
        mixed(lambda x: F.normalize(x, dim=1) + x.abs().prod(1, keepdim=True)),
    ]


def maxima(rng):
    """What a maximum takes depends on the input, so their gradients need many of these."""
    d, p = rng.choice([1, 2]), rng.choice([0, 1])
    pool = nn.MaxPool2d(rng.choice([2, 3]), stride=rng.choice([1, 2]), padding=p, ceil_mode=True, return_indices=True)

    def unpooled(x, pool, between):
        # Of two equal values (a row given twice, a border) PyTorch takes the first; here either may be the larger.
        pooled, indices = pool(x + 1e-3 * torch.rand_like(x))
        return F.max_unpool2d(between(pooled), indices, 2, 2, output_size=x.shape[-2:])

    return [
        nn.MaxPool2d(2, stride=rng.choice([1, 2]), dilation=d, ceil_mode=True),
        Function(lambda x: F.max_pool3d(x[None], (1, 2, 2), stride=1)[0]),
        nn.AdaptiveMaxPool2d((3, 2)),
        Function(unpooled, pool, nn.Conv2d(CHANNELS, CHANNELS, 1)),
        Function(unpooled, nn.MaxPool2d(2, return_indices=True), nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)),
        mixed(lambda x: x + x.amax(3, keepdim=True) + x.min(2, keepdim=True).values),
        mixed(lambda x: x.max(1, keepdim=True)[0] + x),
        mixed(lambda x: x + x.sort(3).values),
        mixed(lambda x: (x + OFF) * x.topk(2, dim=2).values.sum(2, keepdim=True)),
        mixed(
            lambda x: (
                x + x.median(2, keepdim=True).values + x.nanmedian(3, keepdim=True).values + x.amin(1, keepdim=True)
            )
        ),
    ]


def normalizations(rng):
    def kept(norm):
        # What was normalized has a mean that hangs on no pixel: a mean that follows would see nothing.
        return Function(lambda x, norm: torch.sigmoid(x) + norm(x), norm)

    return [
        nn.Sequential(nn.BatchNorm2d(CHANNELS), nn.LeakyReLU()),
        kept(nn.BatchNorm2d(CHANNELS, track_running_stats=False)),
        kept(nn.InstanceNorm2d(CHANNELS, affine=True)),
        nn.InstanceNorm2d(CHANNELS, track_running_stats=True),
        kept(nn.GroupNorm(2, CHANNELS)),
        kept(nn.GroupNorm(1, CHANNELS)),
        nn.LocalResponseNorm(3),
        kept(Function(lambda x: F.layer_norm(x, x.shape[-1:]))),
        Function(lambda x, n: n(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), nn.LayerNorm(CHANNELS)),
        Function(lambda x, n: n(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), nn.RMSNorm(CHANNELS)),
        Function(lambda x: aten._fused_rms_norm(x, x.shape[-1:], None, 1e-5)[0]),
        mixed(lambda x: x.softmax(1) + x.log_softmax(1)),
        mixed(lambda x: torch.sigmoid(x) + x.softmax(3)),
        mixed(lambda x: torch.sigmoid(x) + x.flatten(2).softmax(2).view(x.shape)),
    ]


def resizes(rng):
    corners, scale = rng.choice([False, True]), rng.choice([2, 1.5, 0.7])
    size = (rng.randint(3, 9), rng.randint(3, 9))
    return [
        nn.Upsample(scale_factor=scale, mode="nearest"),
        nn.Upsample(scale_factor=scale, mode="nearest-exact"),
        nn.Upsample(size=size, mode="nearest"),
        nn.Upsample(scale_factor=rng.choice([2, 1.5, 3.3]), mode="bilinear", align_corners=corners),
        nn.Upsample(size=size, mode="bilinear", align_corners=corners),
        nn.Upsample(scale_factor=rng.choice([2, 1.5]), mode="bicubic", align_corners=corners),
        Function(lambda x: F.interpolate(x, size, mode="bilinear", align_corners=corners, antialias=True)),
        Function(lambda x: F.interpolate(x, scale_factor=0.5, mode="bicubic", antialias=True)),
        Function(lambda x: F.interpolate(x, scale_factor=0.5, mode="area")),
        Function(lambda x: F.interpolate(x[:, :, 0], scale_factor=2.0, mode="linear")[:, :, None]),
        Function(lambda x: F.interpolate(x[:, :, :, 1], scale_factor=1.5, mode="nearest")[..., None]),
        Function(lambda x: F.interpolate(x[:, :, :, 0], 5, mode="nearest-exact")[..., None]),
        nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * CHANNELS, CHANNELS, 1)),
        nn.Sequential(nn.PixelShuffle(2), nn.Conv2d(CHANNELS // 4, CHANNELS, 1)),
        mixed(lambda x: x.repeat_interleave(2, dim=2)),
        mixed(lambda x: x.repeat(1, 1, 2, 1)),
        mixed(lambda x: x[..., None, :, None].expand(-1, -1, -1, 2, -1, 2).reshape(1, CHANNELS, 2 * x.shape[2], -1)),
    ]


def crops(rng):
    a, b, p = rng.choice([1, 2]), rng.choice([0, 1]), rng.choice([0, 1])
    return [
        nn.ConstantPad2d((p, 2, -1, 1), OFF),
        nn.ReplicationPad2d((1, 0, 2, p)),
        nn.ReflectionPad2d((1, p, 0, 2)),
        Function(lambda x: F.pad(x.mean(3), (1, 2), mode="reflect")[..., None]),
        Function(lambda x: F.pad(x[:, :, b], (1, 2), mode="replicate")[:, :, None]),
        Function(lambda x: x[:, :, b:, ::a]),
        Function(lambda x: torch.cat([x[:, :, 1:], x[:, :, :1]], 2)),
        Function(lambda x: torch.cat(x.chunk(2, 3)[::-1], 3) if x.shape[3] > 1 else x),
        Function(lambda x: torch.cat(x.split([1, x.shape[2] - 1], 2)[::-1], 2)),
        Function(lambda x: x.roll((1, -1), (2, 3))),
        Function(lambda x: x.flip(2 + p)),
        Function(lambda x: x[:, :, torch.tensor([1, 0, 2])]),
        Function(lambda x: x.index_select(3, torch.tensor([2, 0]))),
        Function(lambda x: x[:, :, :2]),
        mixed(lambda x: x[:, [3, 0, 1, 7, 5, 6, 4, 2]]),
        mixed(lambda x: torch.stack([x[:, :, 0], x[:, :, 2]], 2)),
        mixed(lambda x: torch.stack(x.unbind(3)[1:], 3)),
        mixed(lambda x: F.channel_shuffle(x, 2)),
        mixed(lambda x: x + x.detach() + aten.norm.ScalarOpt_dim(x, 2, [1], True)),
        Function(
            lambda x, c: c(x.unfold(2, 3, a).permute(0, 1, 4, 2, 3).flatten(1, 2)), nn.Conv2d(3 * CHANNELS, CHANNELS, 1)
        ),
    ]


def reshapes(rng):
    """Dimensions exchanged, put together and cut up."""
    h, w = rng.choice([1, 2]), rng.choice([2, 3])

    def tokens(x, norm, first, second):
        height, width = x.shape[2:]
        x = second(F.gelu(first(norm(x.flatten(2).transpose(1, 2)))))
        return x.transpose(1, 2).reshape(1, CHANNELS, height, width)

    def windows(x, mix):
        x = x[:, :, : x.shape[2] // h * h, : x.shape[3] // w * w]
        n, c, height, width = x.shape
        x = x.view(n, c, height // h, h, width // w, w).permute(0, 2, 4, 3, 5, 1).reshape(-1, h * w, c)
        x = mix(x)
        x = x.view(n, height // h, width // w, h, w, c).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(n, c, height, width)

    def grids(x, mix):
        x = x[:, :, : x.shape[2] // h * h, : x.shape[3] // w * w]
        n, c, height, width = x.shape
        x = x.view(n, c, h, height // h, w, width // w).permute(0, 3, 5, 2, 4, 1).reshape(-1, h * w, c)
        x = mix(x)
        return x.view(n, height // h, width // w, h, w, c).permute(0, 5, 3, 1, 4, 2).reshape(n, c, height, width)

    def shuffled(x):
        n, c, height, width = x.shape
        return (
            x.view(n, c // 4, 2, 2, height, width).permute(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * height, 2 * width)
        )

    class Attention(nn.Module):
        def __init__(self, form):
            super().__init__()
            self.qkv, self.form = nn.Linear(CHANNELS, 3 * CHANNELS), form

        def forward(self, x):
            q, k, v = self.qkv(x).chunk(3, -1)
            if self.form == "product":
                return (q @ k.transpose(-2, -1) / 3).softmax(-1) @ v
            if self.form == "einsum":
                weights = torch.einsum("bic,bjc->bij", q, k).softmax(-1)
                return torch.einsum("bij,bjc->bic", weights, v)
            if self.form == "channels":
                return ((q.transpose(-2, -1) @ k).softmax(-1) @ v.transpose(-2, -1)).transpose(-2, -1)
            q, k, v = (y.unflatten(-1, (2, -1)).transpose(1, 2) for y in (q, k, v))
            return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)

    form = rng.choice(["product", "einsum", "fused", "channels"])
    heads = nn.MultiheadAttention(CHANNELS, 2, batch_first=True)
    layers = [nn.LayerNorm(CHANNELS), nn.Linear(CHANNELS, CHANNELS), nn.Linear(CHANNELS, CHANNELS)]
    return [
        Function(tokens, *layers),
        Function(tokens, nn.Identity(), *layers[1:]),
        Function(lambda x, mix: mix(x.movedim(1, -1)).movedim(-1, 1), nn.Linear(CHANNELS, CHANNELS)),
        Function(windows, Attention(form)),
        Function(grids, Attention(form)),
        Function(windows, Function(lambda x, m: m(x, x, x)[0], heads)),
        Function(windows, Function(lambda x: x + x.mean(1, keepdim=True))),
        Function(lambda x, a: a(x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(x.shape), Attention(form)),
        mixed(shuffled, CHANNELS // 4),
        mixed(lambda x: x.view(1, CHANNELS, -1).unsqueeze(-1).squeeze().view(x.shape)),
        mixed(lambda x: torch.einsum("nchw,dc->ndhw", x, torch.ones(CHANNELS, CHANNELS).to(x).tril() + 1)),
        mixed(lambda x: torch.einsum("nchw,nchw->nhw", x, x)[:, None] * x),
        mixed(lambda x: (x.flatten(2)[0].t() @ torch.ones(CHANNELS).to(x)).view(1, 1, *x.shape[2:]) + x),
        mixed(
            lambda x: torch.baddbmm(x.flatten(2), torch.ones(1, CHANNELS, CHANNELS).to(x), x.flatten(2)).view(x.shape)
        ),
        Function(lambda x, mix: (x + OFF) * mix(x.mean((2, 3)))[:, :, None, None], nn.Linear(CHANNELS, CHANNELS)),
        # a global pool of channels that lie last
        Function(
            lambda x, c: (x + OFF) * c(F.adaptive_avg_pool2d(x.contiguous(memory_format=torch.channels_last), 1)),
            nn.Conv2d(CHANNELS, CHANNELS, 1),
        ),
        # squeezed and excited by a convolution over the channels
        Function(
            lambda x, c: (x + OFF) * torch.sigmoid(c(x.mean((2, 3))[:, None]).transpose(1, 2)[..., None]).expand_as(x),
            nn.Conv1d(1, 1, 3, padding=1),
        ),
    ]


def writes(rng):
    """Operations in place, into parts of a tensor too."""
    p = rng.choice([0, 1])

    def added(x, conv):
        y = conv(x)
        y[:, :, 1:].add_(x[:, :, :-1])
        y[:, :, :, p : p + 1] += x[:, :, :, :1]
        return y

    def shifted(x, conv):
        out = torch.zeros_like(x)
        out[:, :3, :-1] = x[:, :3, 1:]
        out[:, 3:6, 1:] = x[:, 3:6, :-1]
        out[:, 6:] = x[:, 6:]
        return conv(out)

    def split(x, conv):
        y = conv(x)
        z = y.contiguous()
        z.add_(F.avg_pool2d(x, 3, 1, 1))
        return y

    def stale(x, conv):
        y = conv(x)
        part = y[:, :, 1:]
        y.mul_(F.avg_pool2d(y, (1, 3), 1, (0, 1)))
        return part

    def filled(x, conv):
        y = conv(x)
        y[:, :, 0] = 0
        y[:, :, :, -1] = x.new_full((), 2.0)
        y.narrow(2, 1, 1).copy_(x[:, :, :1])
        return y

    def assembled(x, conv):
        out = x.new_zeros(1, CHANNELS, x.shape[2], 2 * x.shape[3])
        out[..., ::2] = conv(x)
        out[..., 1::2] = x.clone().fill_(1.0)
        return out

    def through(x, conv):
        y = conv(x)
        y.permute(0, 2, 3, 1)[..., 2:].mul_(x.permute(0, 2, 3, 1)[..., 2:])
        y.view(1, CHANNELS, -1)[:, 1].zero_()
        y[0, 0].t().neg_()
        return conv(y)

    conv = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
    return [Function(f, conv) for f in (added, shifted, split, stale, filled, assembled, through)]


def constants(rng):
    """What is made beside the input, and what PyTorch has no tag for."""
    return [
        Function(
            lambda x, c: c(torch.cat([x, torch.linspace(-1, 1, x.shape[3]).to(x).expand(1, 1, *x.shape[2:])], 1)),
            nn.Conv2d(CHANNELS + 1, CHANNELS, 1),
        ),
        mixed(lambda x: x * torch.full_like(x, 2) + torch.ones_like(x) + x.new_ones(1) - x.new_empty(1).fill_(3.0)),
        mixed(lambda x: x + torch.empty_like(x).normal_() + torch.rand_like(x) + torch.randn_like(x).uniform_()),
        mixed(lambda x: x + torch.randint_like(x, 3) + x.new_empty_strided((1,), (1,)).zero_()),
        mixed(lambda x: x * torch.bernoulli(torch.full_like(x, 0.5)).bernoulli_(1.0)),
        mixed(lambda x: x * (x > -9) + torch.where(x > 9, x.argmax(1, keepdim=True) + x.argmin(1, keepdim=True), 1)),
        mixed(lambda x: x * ((x > -9).all(1, keepdim=True) & (x > -9).any(1, keepdim=True))),
        mixed(lambda x: x.cumsum(1) + (x / 9).cumprod(1) + x.logcumsumexp(1) + x.cummax(1).values + x.cummin(1).values),
        mixed(lambda x: F.glu(x, 1), CHANNELS // 2),
        nn.PReLU(CHANNELS),
        mixed(lambda x: F.logsigmoid(x) + F.dropout(x, 0.5, False) + aten.native_dropout(x, 0.0, False)[0]),
        mixed(lambda x: F.hardswish(x) + F.relu6(x) + F.celu(x) + F.selu(x) + F.mish(x) + F.silu(x) + F.elu(x)),
        mixed(lambda x: torch.nan_to_num(x) + x.half().double().type_as(x) + aten.alias(x) + aten.lift_fresh(x)),
        mixed(lambda x: x * torch.logical_not(torch.logical_or(x > 9, torch.logical_and(x > 9, x < 9)))),
        mixed(lambda x: F.rrelu(x) + F.hardtanh(x, -9, 9) + F.leaky_relu(x) + F.relu(x) + F.gelu(x)),
        mixed(lambda x: torch.lerp(x, x * x, 0.5) + torch.addcmul(x, x, x) + x.clamp(-9, 9) + x.sin() + x.square()),
    ]


KINDS = [convolutions, pools, normalizations, resizes, crops, reshapes, writes, constants]


class Drawn(nn.Module):
    """A stem, a few layers, then perhaps two branches that are added, multiplied or joined."""

    def __init__(self, rng: random.Random, kinds=KINDS):
        super().__init__()
        self.stem = nn.Conv2d(2, CHANNELS, rng.choice([1, 3]), padding=1)
        self.trunk = nn.Sequential(*(layer(rng, kinds) for _ in range(rng.randint(0, 2))))
        self.left, self.right = layer(rng, kinds), layer(rng, kinds)
        self.join = rng.choice(["left", "add", "multiply", "cat", "rows"])
        self.corners = rng.choice([False, True])

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk(self.stem(x))
        left = self.left(x)
        if self.join == "left":
            return left
        right = self.right(x)
        right = F.interpolate(right, left.shape[-2:], mode="bilinear", align_corners=self.corners)
        if self.join == "add":
            return left + right
        if self.join == "multiply":
            return (left + OFF) * torch.sigmoid(right)
        return torch.cat([left, right], 1 if self.join == "cat" else 2)


def layer(rng: random.Random, kinds=KINDS) -> nn.Module:
    return rng.choice(rng.choice(kinds)(rng))


def output_size(net: nn.Module, size: tuple[int, int]) -> tuple[int, int] | None:
    """Height and width of what a network gives; None where it does not take the size, or gives what is no number.

    The variance of one value is none, and no gradient tells what it was made of.
    """
    try:
        with torch.no_grad():
            output = net(torch.randn(1, 2, *size))
    except (RuntimeError, ValueError, IndexError):
        return None
    return (output.shape[2], output.shape[3]) if output.numel() and output.isfinite().all() else None


def gradients(net: nn.Module, size: tuple[int, int], at: tuple[int, int], draws: int) -> Tensor:
    """Where any of a few random inputs has a derivative that is more than a rounding."""
    seen = torch.zeros(size, dtype=torch.bool)
    for _ in range(draws):
        # Some inputs are large, so that a maximum with a constant falls on them.
        x = 10 ** torch.randint(2, ()) * torch.randn(1, 2, *size, dtype=torch.float64)
        x.requires_grad_()
        with InstanceNormAsItIs():
            y = net(x)
        weights = torch.randn(y.shape[1], dtype=torch.float64)
        (slope,) = torch.autograd.grad((y[0, :, at[0], at[1]] * weights).sum(), x, materialize_grads=True)
        largest = slope.abs().amax(1)[0]
        seen |= largest > 1e-13 * largest.max()
    return seen
