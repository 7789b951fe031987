import pytest
import torch
import torch.nn.functional as F

from pathgan.networks.patchgan import PatchDiscriminator
from pathgan.networks.segnet import SegmentationNetwork, pool, unpool
from pathgan.networks.unet import UNetGenerator


def n_parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_unet_256_has_the_published_size_and_a_one_pixel_bottleneck():
    network = UNetGenerator(1, 3, width=64, depth=8, dropout=0.5)
    # pix2pix's generator has 54.414 M with three input channels and batch norm's own parameters.
    assert n_parameters(network) == pytest.approx(54.41e6, rel=1e-3)
    seen = []
    network.down[-1].register_forward_hook(lambda module, x, y: seen.append(y.shape))
    assert network(torch.zeros(1, 1, 256, 256)).shape == (1, 3, 256, 256)
    assert seen == [(1, 512, 1, 1)]


def test_unet_is_per_image_so_a_batch_changes_nothing():
    torch.manual_seed(0)
    network = UNetGenerator(1, 3, width=4, depth=4, dropout=0.5).eval()
    x = torch.randn(3, 1, 32, 32)
    torch.testing.assert_close(network(x)[1:2], network(x[1:2]), rtol=1e-4, atol=1e-5)


def test_unet_drops_out_in_training_only():
    network = UNetGenerator(1, 3, width=4, depth=5, dropout=0.5)
    x = torch.randn(1, 1, 32, 32)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


def test_patch_discriminator_sees_70_pixels():
    network = PatchDiscriminator(4, width=4, layers=3)
    x = torch.zeros(1, 4, 256, 256, requires_grad=True)
    network_without_norm = torch.nn.Sequential(
        *(layer for layer in network if not isinstance(layer, torch.nn.InstanceNorm2d))
    )
    logits = network_without_norm(x)
    assert logits.shape == (1, 1, 30, 30)
    logits[0, 0, 15, 15].backward()
    rows = x.grad.abs().sum((0, 1, 3)).nonzero()
    assert rows.max() - rows.min() + 1 == 70


@pytest.mark.parametrize("init", ["normal", "xavier"])
def test_a_patch_discriminator_starts_as_its_paper_says(init):
    """Spread of weights: 0.02 (Isola 2017), or the root of 2 / (fan in + fan out) (Glorot and Bengio 2010)."""
    network = PatchDiscriminator(3, width=16, layers=3, init=init)
    for module in network:
        if isinstance(module, torch.nn.Conv2d):
            fans = 16 * (module.in_channels + module.out_channels)
            expected = 0.02 if init == "normal" else (2 / fans) ** 0.5
            assert module.weight.std().item() == pytest.approx(expected, rel=0.1)
            assert not module.bias.any()


def test_pooling_with_switches_equals_max_pooling_with_indices():
    torch.manual_seed(0)
    x = F.relu(torch.randn(2, 3, 8, 12, dtype=torch.float64)).requires_grad_()  # many ties at zero
    pooled, where = pool(x)
    reference, indices = F.max_pool2d(x, 2, return_indices=True)
    assert torch.equal(pooled, reference)
    assert torch.equal(unpool(pooled, where), F.max_unpool2d(reference, indices, 2))
    weights = torch.randn_like(pooled)
    ours = torch.autograd.grad((unpool(pooled, where)[..., ::2, ::2] * weights).sum(), x)[0]
    theirs = torch.autograd.grad((F.max_unpool2d(reference, indices, 2)[..., ::2, ::2] * weights).sum(), x)[0]
    torch.testing.assert_close(ours, theirs)


def test_segnet_has_the_convolutions_of_vgg16():
    network = SegmentationNetwork(width=64, stages=5)
    encoder = sum(n_parameters(block) for block in network.encoder)
    vgg16_bn_features = 14_723_136 - 4_224  # without the biases that batch norm makes needless
    assert encoder == vgg16_bn_features
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 1, 64, 64)
