import math

import pytest
import torch

from pathgan.losses.adversarial import discriminator_loss, generator_loss
from pathgan.losses.contour_losses import grey, sharpness, smoothness

NEIGHBOURHOOD = [(p, q) for p in (-1, 0, 1) for q in (-1, 0, 1) if (p, q) != (0, 0)]


def by_loop(gray, contour, contrast, neighbours):
    """Eqs. 4-7, pixel by pixel: (Ls1, Ls2)."""
    images, _, h, w = gray.shape
    s1, s2, n = gray.new_zeros(()), gray.new_zeros(()), 0
    for k in range(images):
        for i in range(h):
            for j in range(w):
                if not contour[k, 0, i, j]:
                    continue
                n += 1
                for p, q in NEIGHBOURHOOD:
                    if not (0 <= i + p < h and 0 <= j + q < w):
                        continue
                    squared = (gray[k, 0, i, j] - gray[k, 0, i + p, j + q]) ** 2
                    outside = not contour[k, 0, i + p, j + q]
                    if not outside:
                        s1 = s1 + 2 / (1 + torch.exp(-squared)) - 1
                    if outside or neighbours == "all":
                        s2 = s2 + torch.exp(-squared / (2 * contrast**2)) / math.hypot(p, q)
    return s1 / max(n, 1), s2 / max(n, 1)


@pytest.mark.parametrize("neighbours", ["outside", "all"])
@pytest.mark.parametrize("density", [0.0, 0.3, 0.8])
def test_contour_losses_and_their_gradients_equal_the_loop(neighbours, density):
    torch.manual_seed(1)
    gray = torch.rand(2, 1, 6, 7, dtype=torch.float64)
    contour = torch.rand(2, 1, 6, 7) < density
    for index, loss in enumerate((lambda g: smoothness(g, contour), lambda g: sharpness(g, contour, 0.1, neighbours))):
        fast, slow = gray.clone().requires_grad_(), gray.clone().requires_grad_()
        value, expected = loss(fast), by_loop(slow, contour, 0.1, neighbours)[index]
        torch.testing.assert_close(value, expected, rtol=1e-12, atol=1e-12)
        if density:
            (gradient,) = torch.autograd.grad(value, fast)
            (reference,) = torch.autograd.grad(expected, slow)
            torch.testing.assert_close(gradient, reference, rtol=1e-10, atol=1e-12)


def test_contour_losses_pass_gradcheck():
    torch.manual_seed(0)
    gray = torch.rand(1, 1, 5, 5, dtype=torch.float64, requires_grad=True)
    contour = torch.rand(1, 1, 5, 5) < 0.5
    assert torch.autograd.gradcheck(lambda g: smoothness(g, contour), gray)
    assert torch.autograd.gradcheck(lambda g: sharpness(g, contour, 0.1), gray)


def test_an_even_contour_is_smooth_and_a_flat_image_is_dull():
    gray = torch.full((1, 1, 9, 9), 0.4)
    contour = torch.zeros(1, 1, 9, 9, dtype=torch.bool)
    contour[0, 0, 4, 2:7] = True
    assert smoothness(gray, contour) == 0
    # A straight line of five pixels: outside lie 3 above and 3 below each, and one beyond either end.
    straight, diagonal = 5 * 2 + 2, 5 * 4
    expected = (straight + diagonal / math.sqrt(2)) / 5
    assert sharpness(gray, contour, 0.1).item() == pytest.approx(expected, rel=1e-6)
    gray[0, 0, 4, 2:7] = 1.0
    assert sharpness(gray, contour, 0.1) < 1e-6


def test_adversarial_losses_are_the_logs_of_the_equations():
    real, fake = torch.randn(2, 1, 4, 4).double(), torch.randn(2, 1, 4, 4).double()
    expected = -torch.log(torch.sigmoid(real)).mean() - torch.log(1 - torch.sigmoid(fake)).mean()
    torch.testing.assert_close(discriminator_loss(real, fake), expected)
    torch.testing.assert_close(generator_loss(fake), -torch.log(torch.sigmoid(fake)).mean())
    assert torch.isfinite(generator_loss(torch.tensor([-1e4])))


def test_grey_is_luma_in_unit_range():
    image = torch.stack([torch.full((2, 2), value) for value in (1.0, -1.0, -1.0)])[None]
    assert torch.allclose(grey(image), torch.full((1, 1, 2, 2), 0.299))
    assert torch.allclose(grey(torch.ones(1, 3, 2, 2)), torch.ones(1, 1, 2, 2))
