import errno
import hashlib
import http.server
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from segviz import checkpoints
from segviz.checkpoints import (
    Checkpoint,
    load_checkpoint,
    load_into,
    load_published,
    load_scenes,
    replacing,
    save_checkpoint,
)


@pytest.fixture
def checkpoint():
    generator = torch.Generator().manual_seed(0)
    state = {
        "conv.weight": torch.randn(4, 3, 3, 3, generator=generator),
        "bn.running_var": torch.rand(4, generator=generator),
        "bn.num_batches_tracked": torch.tensor(7),
    }
    options = {"num_classes": 11, "width": 0.25, "aspp_rates": (6, 12), "padding": "same"}
    return Checkpoint("unet", options, state, {"mean_iou": 0.75})


def test_what_was_saved_is_what_is_loaded(tmp_path, checkpoint):
    save_checkpoint(tmp_path / "a.safetensors", checkpoint)
    loaded = load_checkpoint(tmp_path / "a.safetensors", "unet")
    assert (loaded.name, loaded.options, loaded.scores) == ("unet", checkpoint.options, checkpoint.scores)
    assert all(torch.equal(loaded.state[key], tensor) for key, tensor in checkpoint.state.items())
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_half_rounds_the_weights_and_nothing_else(tmp_path, checkpoint):
    save_checkpoint(tmp_path / "a", checkpoint, half=True)
    loaded = load_checkpoint(tmp_path / "a").state
    assert torch.equal(loaded["conv.weight"], checkpoint.state["conv.weight"].half().float())
    assert torch.equal(loaded["bn.running_var"], checkpoint.state["bn.running_var"])
    assert loaded["bn.num_batches_tracked"].dtype == torch.int64


def test_tensors_that_share_memory_are_saved_apart(tmp_path):
    shared = torch.rand(2, 2)
    save_checkpoint(tmp_path / "a", Checkpoint("unet", {}, {"one": shared, "two": shared, "view": shared.T}))
    assert torch.equal(load_checkpoint(tmp_path / "a").state["view"], shared.T)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        load_checkpoint(tmp_path / "nothing")


@pytest.mark.parametrize("share", [0, 0.02, 0.5, 0.999])
def test_a_truncated_file_is_refused(tmp_path, checkpoint, share):
    path = tmp_path / "a"
    save_checkpoint(path, checkpoint)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match="cut short"):
        load_checkpoint(path)


@pytest.mark.parametrize("write", [torch.save, lambda state, path: path.write_bytes(pickle.dumps(state))])
def test_a_pickle_is_refused_and_not_run(tmp_path, write):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    pickle_of_a_trap = pickle.dumps(Trap())
    assert b"mkdir" in pickle_of_a_trap
    write({"a": torch.ones(1)}, tmp_path / "a")
    (tmp_path / "b").write_bytes(pickle_of_a_trap)
    for name in "ab":
        with pytest.raises(ValueError, match="is a pickle"):
            load_checkpoint(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_another_programs_safetensors_are_refused(tmp_path):
    save_file({"a": torch.ones(1)}, tmp_path / "a")
    with pytest.raises(ValueError, match="not written by segviz"):
        load_checkpoint(tmp_path / "a")


def test_weights_of_another_name_are_refused(tmp_path, checkpoint):
    save_checkpoint(tmp_path / "a", checkpoint)
    with pytest.raises(ValueError, match="holds weights of 'unet', not of 'fcn8s'"):
        load_checkpoint(tmp_path / "a", "fcn8s")


def test_weights_for_another_shape_are_refused_with_what_differs():
    model = torch.nn.Linear(2, 3)
    with pytest.raises(ValueError, match=r"lacks 'bias'.*'weight' as \(3, 4\) where the model has \(3, 2\)"):
        load_into(model, {"weight": torch.ones(3, 4)})
    with pytest.raises(ValueError, match="has 'extra', which the model has not"):
        load_into(model, model.state_dict() | {"extra": torch.ones(1)})


def test_scenes_weights_come_from_the_package(tmp_path, monkeypatch, checkpoint):
    monkeypatch.setattr(checkpoints, "WEIGHTS", tmp_path)
    save_checkpoint(tmp_path / "unet.safetensors", checkpoint)
    options, state = load_scenes("unet")
    assert options["aspp_rates"] == (6, 12) and set(state) == set(checkpoint.state)
    with pytest.raises(ValueError, match="no weights are shipped for 'segnet'; there are: 'unet'"):
        load_scenes("segnet")


def test_a_file_that_claims_another_name_is_not_loaded_as_scenes(tmp_path, monkeypatch, checkpoint):
    monkeypatch.setattr(checkpoints, "WEIGHTS", tmp_path)
    save_checkpoint(tmp_path / "segnet.safetensors", checkpoint)
    with pytest.raises(ValueError, match="holds weights of 'unet'"):
        load_scenes("segnet")


def test_a_full_disk_keeps_the_earlier_checkpoint(tmp_path, checkpoint, monkeypatch):
    path = tmp_path / "a"
    save_checkpoint(path, checkpoint)
    before = path.read_bytes()

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, Checkpoint("unet", {}, {"a": torch.zeros(3)}))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_really_full_device_keeps_the_earlier_checkpoint(tmp_path, checkpoint, monkeypatch):
    path = tmp_path / "a"
    save_checkpoint(path, checkpoint)
    before = path.read_bytes()
    monkeypatch.setattr(checkpoints, "open", lambda _path, mode: open("/dev/full", mode), raising=False)  # noqa: SIM115
    with pytest.raises(OSError) as raised:
        save_checkpoint(path, checkpoint)
    assert raised.value.errno == errno.ENOSPC
    assert path.read_bytes() == before


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_kill_while_writing_keeps_the_earlier_checkpoint(tmp_path, checkpoint):
    path = tmp_path / "a"
    save_checkpoint(path, checkpoint)
    script = textwrap.dedent(f"""
        import os, signal
        from segviz.checkpoints import replacing
        with replacing({str(path)!r}) as file:
            file.write(b"half of it")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert load_checkpoint(path).scores == checkpoint.scores
    save_checkpoint(path, checkpoint)  # what the kill left behind is in nobody's way


def test_an_error_while_writing_leaves_no_trace(tmp_path):
    with pytest.raises(KeyError), replacing(tmp_path / "a") as file:
        file.write(b"half of it")
        raise KeyError("half")
    assert os.listdir(tmp_path) == []


def test_folders_on_the_way_are_made(tmp_path, checkpoint):
    save_checkpoint(tmp_path / "runs" / "one" / "a", checkpoint)
    assert load_checkpoint(tmp_path / "runs" / "one" / "a").name == "unet"


def test_options_and_scores_can_be_read_without_this_package(tmp_path, checkpoint):
    save_checkpoint(tmp_path / "a", checkpoint)
    content = (tmp_path / "a").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert json.loads(header["__metadata__"]["options"])["width"] == 0.25


# Weights that others publish


class Entry:
    """What torchvision's enumerations have for each file."""

    def __init__(self, url):
        self.url = url

    def get_state_dict(self, **settings):
        return torch.hub.load_state_dict_from_url(self.url, **settings)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A function that serves a file under a name with its hash, as torchvision's are, and gives its weights entry."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def serve(content, cut=None):
        torch.save(content, folder / "content")
        data = (folder / "content").read_bytes()
        name = f"net-{hashlib.sha256(data).hexdigest()[:8]}.pth"
        (folder / name).write_bytes(data[:cut])
        return Entry(f"http://127.0.0.1:{server.server_port}/{name}")

    yield serve
    server.shutdown()
    server.server_close()


def cached(entry):
    return Path(torch.hub.get_dir(), "checkpoints", entry.url.rsplit("/", 1)[-1])


def test_published_weights_are_fetched_once(published):
    entry = published({"weight": torch.arange(3.0)})
    assert torch.equal(load_published(entry)["weight"], torch.arange(3.0))
    entry.url = entry.url.replace("127.0.0.1", "nowhere.invalid")
    assert torch.equal(load_published(entry)["weight"], torch.arange(3.0))


def test_offline_it_is_said_where_they_were_looked_for_and_how_to_bring_them(published):
    entry = published({})
    entry.url = "http://127.0.0.1:9/net-01234567.pth"
    with pytest.raises(ConnectionError) as error:
        load_published(entry)
    for part in (f"no weights at {cached(entry)}", f"bring {entry.url}", "TORCH_HOME"):
        assert part in str(error.value)


def test_a_download_that_was_cut_short_is_not_kept(published):
    entry = published({"weight": torch.arange(3.0)}, cut=-10)
    with pytest.raises(ValueError, match="cut short or damaged, and was not kept"):
        load_published(entry)
    assert not cached(entry).exists()


def test_a_file_that_was_damaged_since_is_refused(published):
    entry = published({"weight": torch.arange(3.0)})
    load_published(entry)
    cached(entry).write_bytes(cached(entry).read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"net-\w+\.pth is cut short or damaged.*delete it"):
        load_published(entry)


class Harmless:
    """Would run a function of Python's when unpickled, as any code could."""

    def __reduce__(self):
        return print, ("unpickled",)


def test_nothing_but_tensors_is_read(published, capsys):
    with pytest.raises(ValueError, match="more than tensors, which is not read"):
        load_published(published({"weight": Harmless()}))
    assert "unpickled" not in capsys.readouterr().out
