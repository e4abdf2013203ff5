import torch

# One process a core is faster than two that share every core; xdist does not tell torch.
torch.set_num_threads(1)
