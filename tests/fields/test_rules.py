"""The table of rules: each accounts for every argument of the operations that it stands for."""

import dis
import inspect

import pytest
import torch

from segviz.fields.rules import RULES

# Of operations that treat positions one by one: numbers that change values alone.
_VALUES = (
    "alpha beta value p training inplace lower upper generator negative_slope scale input_scale approximate min_val "
    "max_val nan posinf neginf size stride dtype layout device pin_memory non_blocking memory_format from to std mean "
    "fill_value low high random noise train"
)
VALUES = frozenset(_VALUES.split())


def operations(name):
    """The overloads that PyTorch does not take apart itself."""
    packet = getattr(torch.ops.aten, name)
    for overload in packet.overloads():
        operation = getattr(packet, overload)
        first, *others = operation._schema.arguments
        if not isinstance(first.type, torch.TensorType) and "Tensor" not in str(first.type):
            continue
        if any(argument.is_out or "Dimname" in str(argument.type) for argument in others):
            continue
        known = torch._C._dispatch_has_kernel(operation.name())  # the others are the interpreter's own
        if not known or torch._C._dispatch_has_kernel_for_dispatch_key(operation.name(), "CompositeImplicitAutograd"):
            continue
        yield operation


def names_read(function):
    """The parameters that a function's code looks at."""
    loads = {step.argval for step in dis.get_instructions(function) if step.opname.startswith("LOAD")}
    merged = {name for pair in loads if isinstance(pair, tuple) for name in pair}
    return {name for name in inspect.signature(function).parameters if name in loads | merged}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_accounts_for_every_argument(name):
    rule = RULES[name]
    parameters = inspect.signature(rule.function).parameters
    takes_any = any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters.values())
    found = list(operations(name))
    assert found, f"{name} is taken apart by PyTorch, so its rule is never asked"
    if "out" in parameters and not takes_any:
        assert not set(parameters) - {"out"} & rule.ignores
    for operation in found:
        for argument in operation._schema.arguments[1:]:
            if argument.name in rule.ignores or (takes_any and "Tensor" in str(argument.type)):
                continue
            read = VALUES if takes_any else names_read(rule.function)
            assert argument.name in read, f"{operation}: {argument.name} is neither read nor declared irrelevant"


def test_what_pytorch_calls_pointwise_has_arguments_that_change_values_alone():
    names = set()
    for full in torch._C._dispatch_get_all_op_names():
        space, _, name = full.partition("::")
        if space == "aten" and "." not in name and torch.Tag.pointwise in getattr(torch.ops.aten, name).default.tags:
            names |= {
                a.name for a in getattr(torch.ops.aten, name).default._schema.arguments if "Tensor" not in str(a.type)
            }
    assert not names & {"dim", "dims", "size", "stride", "padding", "kernel_size", "shifts", "repeats", "n_dims"}
