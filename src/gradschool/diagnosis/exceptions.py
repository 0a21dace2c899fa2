"""Exceptions explained by what they say: the same type has many causes, and the message tells them apart."""

from __future__ import annotations

import re

from gradschool.core.calling import Raised, raised_text

# What an exception's message says (as a regular expression) and what that means. Only what the message itself proves
# is said; where it allows several causes, all of them are named.
MEANINGS: tuple[tuple[str, str], ...] = (
    (
        r"[Tt]rying to backward through the graph a second time",
        "backward() ran twice through one graph: after the first time the graph is gone. Compute the loss anew "
        "before each backward(), or pass retain_graph=True.",
    ),
    (
        r"element 0 of tensors does not require grad",
        "the tensor that is differentiated has no graph behind it: what it was made from does not require a "
        "gradient, or it was made under no_grad(), detached, or rebuilt with torch.tensor().",
    ),
    (
        r"appears? to not have been used in the graph|not have been used in the graph",
        "one of the tensors to differentiate with respect to was not used on the way to the output: between the"
        " two, the graph is cut, or another tensor was used.",
    ),
    (
        r"grad can be implicitly created only for scalar outputs",
        "backward() was called on a tensor with several numbers: reduce it to one number first, or pass the "
        "gradient to start from.",
    ),
    (
        r"modified by an inplace operation",
        "a tensor that backward() needs was changed in place after it was used: an optimizer's step does that to "
        "weights, and so does every method that ends in an underscore. Compute the loss after the change, or make a "
        "new tensor.",
    ),
    (
        r"leaf Variable that requires grad is being used in an in-place operation",
        "a parameter was changed in place while autograd was recording: do it under torch.no_grad(), or leave "
        "it to the optimizer.",
    ),
    (
        r"Can't call numpy\(\) on Tensor that requires grad",
        "a tensor with a graph behind it was turned into a NumPy array: detach it first, unless the gradient is"
        " still needed.",
    ),
    (
        r"expected (m1 and m2|mat1 and mat2) to have the same dtype|expected scalar type",
        "float32 met float64: give new tensors the dtype of the ones that came in.",
    ),
    (
        r"[Cc]annot cast ufunc .* output from",
        "a result in floating point was written into an array of integers, or of booleans: make the array with "
        "dtype float64.",
    ),
    (
        r"mat1 and mat2 shapes cannot be multiplied|matmul: Input operand|shapes .* not aligned",
        "the inner sizes of a matrix product do not fit: write the shapes of both factors down, and transpose "
        "or swap one of them.",
    ),
    (
        r"Index tensor must have the same number of dimensions",
        "gather needs an index with as many axes as its input: make a column of a flat one, as index[:, None].",
    ),
    (
        r"len\(\) of unsized object|len\(\) of a 0-d tensor",
        "one number without any axis stands where an array is needed: squeeze() removes the axis of a single row, too.",
    ),
    (
        r"could not be broadcast together|could not broadcast|"
        r"size of tensor a .* must match the size of tensor b|shape mismatch",
        "two arrays of shapes that do not fit met: print the shapes of both before this line.",
    ),
    (
        r"cannot reshape array|shape '.*' is invalid for input",
        "an array was reshaped to a shape that has another number of entries.",
    ),
    (
        r"index \S+ is out of bounds|out of range",
        "an index was larger than the axis is long (an axis of n entries has the indices 0 to n - 1).",
    ),
    (
        r"only (integer scalar arrays|length-1 arrays|0-dimensional arrays)|only integers, slices",
        "an array stands where one number, or an array of integers, is needed.",
    ),
    (
        r"arrays used as indices must be of integer|tensors used as indices must be",
        "floating-point numbers were used as indices: indices are integers or booleans.",
    ),
    (
        r"truth value of an array|Boolean value of Tensor with more than one value",
        "an `if` (or `and`, `or`, max(), min()) was given a whole array: compare entry by entry with np.where or "
        "torch.where.",
    ),
    (
        r"'NoneType' object|NoneType",
        "something that was used is None: a function without a return, or a .grad that nothing has reached.",
    ),
    (
        r"not enough values to unpack|too many values to unpack",
        "what was unpacked has another number of parts than there are names for.",
    ),
    (
        r"takes \d+ positional arguments? but|missing \d+ required positional|unexpected keyword argument|"
        r"got multiple values",
        "the arguments of a call and those of the function do not fit together.",
    ),
    (
        r"name '.*' is not defined",
        "a name was used that nothing has defined: a typing error, a cell that was not run, or a missing import.",
    ),
    (
        r"referenced before assignment|cannot access local variable",
        "a name was used before it was given a value in this function.",
    ),
    (r"No module named", "a module was imported that is not installed here."),
    (
        r"has no attribute .*; its fields are ",
        "an object has no field of the name that it was asked for.",
    ),
    (
        r"has no attribute",
        "an object was asked for something that it does not have; look at its type, which the message names.",
    ),
    (
        r"unsupported operand type.*'(builtin_function_or_method|method|function)'",
        "a function stands where its result is needed: are the parentheses of a call missing?",
    ),
    (
        r"must be Tensor, not numpy\.ndarray",
        "a function of torch was given a NumPy array: use NumPy's own, or make a tensor first.",
    ),
    (
        r"ufunc '(invert|bitwise_\w+)' not supported for the input types",
        "`~`, `&` and `|` need booleans, and these are floating-point numbers: `1 - x` turns a flag of 0.0 or 1.0 "
        "round.",
    ),
    (
        r"only change requires_grad flags of leaf",
        "requires_grad was set on a result: it is a flag of what is not computed, such as a parameter; detach() cuts a "
        "result off.",
    ),
    (r"read-only", "an array that may only be read was written to: work on a copy."),
    (r"division by zero", "something was divided by 0."),
    (r"maximum recursion depth", "the function calls itself without an end."),
    (r"timed? ?out", "the function took too long."),
    (
        r"optimizer got an empty parameter list",
        "an optimizer was made without parameters (an iterator that was already used up is empty).",
    ),
)


def explained(raised: Raised) -> str:
    """Return what an exception's message means; "" where nothing certain can be said.

    >>> explained(Raised("ZeroDivisionError", "float division by zero"))
    'something was divided by 0.'
    """
    return next((meaning for message, meaning in MEANINGS if re.search(message, raised.message)), "")


def raised_sentence(raised: Raised, where: str) -> str:
    """Return the sentence for an exception: what it means, with the line and the shapes there, then its own words.

    >>> said = "shapes (2,) (3,) (line 2 of f, `p - l`: p is (2,), l is (3,))"
    >>> raised_sentence(Raised("IndexError", f"shape mismatch: {said}"), "")
    'Two arrays of shapes that do not fit met: print the shapes of both before this line (line 2 of f, `p - l`: \
p is (2,), l is (3,)). The function raised IndexError: shape mismatch: shapes (2,) (3,).'
    """
    meaning = explained(raised)
    if not meaning:
        return f"The function raised {raised_text(raised)}{where}."
    found = re.search(r" ?\(?(line \d+ of .*?)\)?$", raised.message, re.DOTALL)
    own, line = (raised.message[: found.start()], f" ({found[1]})") if found else (raised.message, "")
    if meaning.split()[0].isalpha():  # no name from code
        meaning = f"{meaning[:1].upper()}{meaning[1:]}"
    first = f"{meaning.rstrip('.')}{line}{where}."
    return f"{first} The function raised {raised_text(Raised(raised.type, own.strip()))}."
