"""Networks and losses of focus stacks: grouped networks against separate ones, the gradient penalty in closed form."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from pathgan.losses.critic_losses import critic_loss, gradient_penalty
from pathgan.networks.stack_networks import BaseGenerator, Critic, StackGenerator

# --- networks -----------------------------------------------------------------------------------------------


def separate(parts: nn.Sequential, k: int, n: int) -> nn.Sequential:
    """The k-th of n networks that run side by side in `parts`, as a network of its own."""
    alone = []
    for part in parts:
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            inside = part.in_channels // part.groups
            outside = part.out_channels // n
            kind = type(part)
            single = kind(inside, outside, part.kernel_size, part.stride, part.padding, bias=part.bias is not None)
            rows = slice(k * outside, (k + 1) * outside)
            columns = slice(k * inside, (k + 1) * inside)
            transposed = isinstance(part, nn.ConvTranspose2d)
            single.weight.data = part.weight.data[columns] if transposed else part.weight.data[rows]
            if part.bias is not None:
                single.bias.data = part.bias.data[rows]
        elif isinstance(part, nn.BatchNorm2d):
            width = part.num_features // n
            rows = slice(k * width, (k + 1) * width)
            single = nn.BatchNorm2d(width)
            single.weight.data, single.bias.data = part.weight.data[rows], part.bias.data[rows]
        else:
            single = nn.ReLU()
        alone.append(single)
    return nn.Sequential(*alone)


def test_grouped_encoders_and_decoders_are_eleven_separate_networks():
    torch.manual_seed(0)
    grouped = StackGenerator(width=4).double()
    image = torch.randn(3, 3, 64, 64, dtype=torch.float64)
    features = grouped.encoders(image)
    assert features.shape == (3, 33, 4, 4)
    alone = [separate(grouped.encoders, k, 11).double() for k in range(11)]
    torch.testing.assert_close(torch.cat([encoder(image) for encoder in alone], 1), features, rtol=0, atol=1e-6)
    planes = grouped.decoders(features)
    alone = [separate(grouped.decoders, k, 11).double() for k in range(11)]
    parts = [decoder(features[:, 3 * k : 3 * k + 3]) for k, decoder in enumerate(alone)]
    torch.testing.assert_close(torch.cat(parts, 1), planes, rtol=0, atol=1e-6)


def test_a_plane_of_the_stack_comes_from_its_own_decoder():
    torch.manual_seed(0)
    generator = StackGenerator(width=4, n_layers=0).double()
    image = torch.randn(2, 3, 64, 64, dtype=torch.float64)
    stack = generator(image)
    assert stack.shape == (2, 3, 11, 64, 64)
    encoder, decoder = (separate(part, 7, 11).double() for part in (generator.encoders, generator.decoders))
    torch.testing.assert_close(torch.tanh(decoder(encoder(image))), stack[:, :, 7], rtol=0, atol=1e-6)


def test_planes_see_each_other_through_the_3d_resnet_alone():
    torch.manual_seed(0)
    generator = StackGenerator(width=4).double().eval()
    features = torch.randn(1, 3, 11, 4, 4, dtype=torch.float64, requires_grad=True)
    generator.mix(features)[0, :, 5].sum().backward()
    assert (features.grad[0].abs().sum((0, 2, 3)) > 0).sum() > 1


@pytest.mark.parametrize(("side", "inner"), [(64, [32, 16, 8, 4]), (32, [16, 8, 4, 2])])
def test_sizes_are_the_papers(side, inner):
    generator, seen = StackGenerator(width=2), []
    for part in generator.encoders:
        if isinstance(part, nn.Conv2d):
            part.register_forward_hook(lambda module, x, y: seen.append(y.shape[-1]))
    assert generator(torch.zeros(2, 3, side, side)).shape == (2, 3, 11, side, side)
    assert seen == inner
    assert BaseGenerator(100, 2, side // 16)(torch.zeros(2, 100)).shape == (2, 3, side, side)


def test_the_critic_of_stacks_halves_them_six_times():
    critic, seen = Critic(3, 2), []
    for part in critic:
        if isinstance(part, nn.Conv3d):
            part.register_forward_hook(lambda module, x, y: seen.append(tuple(y.shape[2:])))
    assert critic(torch.zeros(2, 3, 11, 64, 64)).shape == (2,)
    assert seen == [(6, 32, 32), (3, 16, 16), (2, 8, 8), (1, 4, 4), (1, 2, 2), (1, 1, 1)]
    assert Critic(2, 2)(torch.zeros(5, 3, 64, 64)).shape == (5,)


@pytest.mark.parametrize("norm", ["layer", "none"])
def test_a_critic_scores_each_sample_by_itself(norm):
    torch.manual_seed(0)
    critic = Critic(3, 4, norm).double()
    x = torch.randn(3, 3, 11, 16, 16, dtype=torch.float64)
    torch.testing.assert_close(critic(x)[1:2], critic(x[1:2]))
    assert (critic(50 * x) < 0).any() or (critic(-50 * x) < 0).any()  # no ReLU at its end


def test_batch_norm_ties_samples_together():
    torch.manual_seed(0)
    critic = Critic(3, 4, "batch").double()
    x = torch.randn(3, 3, 11, 16, 16, dtype=torch.float64)
    assert not torch.allclose(critic(x)[1:2], critic(x[:2])[1:2])


# --- losses -------------------------------------------------------------------------------------------------


def test_the_penalty_of_a_linear_critic_is_known():
    """D(x) = <w, x> has the slope |w| everywhere."""
    weight = torch.tensor([3.0, 4.0], dtype=torch.float64)
    real, fake = torch.randn(5, 2).double(), torch.randn(5, 2).double()
    penalty = gradient_penalty(lambda x: x @ weight, real, fake, torch.rand(5).double())
    assert penalty.item() == pytest.approx((5 - 1) ** 2)


def test_the_penalty_is_taken_between_real_and_fake():
    """D(x) = x^2 / 2 has the slope |x|: at real, at fake, and half way."""
    real, fake = torch.tensor([[5.0]]).double(), torch.tensor([[1.0]]).double()
    for share, at in ((1.0, 5.0), (0.0, 1.0), (0.5, 3.0)):
        mix = torch.tensor([share]).double()
        penalty = gradient_penalty(lambda x: (x**2 / 2).sum(1), real, fake, mix)
        assert penalty.item() == pytest.approx((at - 1) ** 2)


def test_the_penalty_teaches_the_critic_and_not_the_generator():
    critic, fake = nn.Linear(2, 1).double(), torch.zeros(4, 2, dtype=torch.float64, requires_grad=True)
    gradient_penalty(lambda x: critic(x).flatten(), torch.ones(4, 2).double(), fake, torch.rand(4)).backward()
    assert critic.weight.grad.abs().sum() > 0
    assert fake.grad is None


def test_the_critics_loss_is_the_difference_of_means():
    assert critic_loss(torch.tensor([1.0, 3.0]), torch.tensor([5.0])).item() == 3.0
