"""The meaning of the source of a module: its syntax tree without texts that do not change results.

These texts are not part of the meaning:

* docstrings;
* messages of errors and warnings with the values in them: arguments of exceptions whose name ends in `Error`,
  texts in the arguments of other exceptions, arguments of functions that always raise (annotated `NoReturn`,
  and `refuse`, which is the same as raising SpecError), of `warnings.warn` and of `sys.stderr.write`, and
  texts of local variables that are used only in such arguments;
* symbols, descriptions and units in the entries of tables (`DECLARING`);
* imports of errors and of functions that make messages.

The type of an exception, its condition and its position in the code are part of the meaning.
"""

import ast

# Functions of other modules that always raise, and their exceptions.
RAISING = {"refuse": "SpecError"}
# Functions whose arguments are messages.
TELLING = ("warnings.warn", "warn", "sys.stderr.write")
# Types of the entries of tables, and their arguments that are descriptions. These are stored with results,
# which do not depend on them.
DECLARING = ("Observable", "Dimension", "StateVariable")
DESCRIPTIONS = ("symbol", "description", "units")
# Modules whose functions only return texts of messages.
WORDS = ("teacherstudent.errors.messages", "teacherstudent.errors.documents")
# Modules whose import is not part of the meaning; the use of their names is.
UNCOUNTED = ("teacherstudent.errors", *WORDS)
# Attributes of statements that are lists of statements.
BLOCKS = ("body", "orelse", "finalbody")


def meaning(tree: ast.Module) -> str:
    """Return the meaning of a module as text; the tree is changed in place.

    >>> one, other = "raise ValueError(f'{x} is too large')", "raise ValueError('too large:', x, y)  # !"
    >>> meaning(ast.parse(one)) == meaning(ast.parse(other))
    True
    """
    if _remove_words(tree):
        for function in _outermost_functions(tree):
            while _blank_unread_texts(function):
                pass
    return ast.dump(tree)


def dotted(node: ast.expr) -> str:
    """Return a name with its attributes, such as `np.linalg`; an empty text for other expressions."""
    if isinstance(node, ast.Name):
        return node.id
    before = dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return before and f"{before}.{node.attr}"


def _remove_words(tree: ast.Module) -> bool:
    """Remove docstrings and the arguments that are messages; return whether there are errors or messages."""
    nodes, found = list(ast.walk(tree)), False
    telling = {node.name for node in nodes if _is_function(node) and _never_returns(node)}
    telling.update(TELLING, RAISING)
    for node in nodes:
        for block in BLOCKS:
            statements = getattr(node, block, None)
            if isinstance(statements, list):  # the body of a lambda is an expression
                statements[:] = [_raised(statement) for statement in statements if not _uncounted(statement)]
        if _is_function(node) or isinstance(node, (ast.Module, ast.ClassDef)):
            if node.body and _is_text(node.body[0]):
                del node.body[0]
        elif isinstance(node, ast.Raise):
            node.exc, found = _exception(node.exc), True
        elif isinstance(node, ast.Call) and dotted(node.func) in telling:
            node.args, node.keywords, found = [], [], True
        elif isinstance(node, ast.Call) and dotted(node.func) in DECLARING:
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in DESCRIPTIONS]
    return found


def _raised(statement: ast.stmt) -> ast.stmt:
    """Return a `raise` statement in place of the call of a function that always raises."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and dotted(call.func) in RAISING:
        return ast.Raise(exc=ast.Name(RAISING[dotted(call.func)], ast.Load()), cause=None)
    return statement


def _exception(call: ast.expr | None) -> ast.expr | None:
    """Return an exception without its message, the same with and without parentheses."""
    if not isinstance(call, ast.Call):
        return call
    if dotted(call.func).endswith("Error"):
        return call.func
    arguments = [_blanked(argument) for argument in call.args]
    keywords = [ast.keyword(keyword.arg, _blanked(keyword.value)) for keyword in call.keywords]
    return ast.Call(call.func, arguments, keywords)


def _blanked(node: ast.AST) -> ast.AST:
    """Return an expression with empty texts, apart from those in calls and subscripts.

    The call of a method of a text, such as `", ".join(names)`, is also a text.
    """
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return ast.Constant("")
    if isinstance(node, ast.Call):
        of_text = isinstance(node.func, ast.Attribute) and isinstance(_blanked(node.func.value), ast.Constant)
        return ast.Constant("") if of_text else node
    if isinstance(node, ast.Subscript):
        return node
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.expr):
            setattr(node, name, _blanked(value))
        elif isinstance(value, list):
            setattr(node, name, [_blanked(item) if isinstance(item, ast.expr) else item for item in value])
    return node


def _blank_unread_texts(function: ast.AST) -> bool:
    """Replace texts of local variables that are read only in their own assignments by empty texts.

    Returns whether any text was replaced.
    """
    nodes, read, changed = list(ast.walk(function)), set(), False
    own = {id(node): name for statement, name in _assigned(nodes) for node in ast.walk(statement.value)}
    for node in nodes:
        if (
            isinstance(node, ast.Name)
            and not isinstance(node.ctx, ast.Store)
            and own.get(id(node)) != node.id
        ):
            read.add(node.id)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            read.update(node.names)
        elif isinstance(node, ast.ClassDef):  # its names are attributes
            read.update(name.id for name in ast.walk(node) if isinstance(name, ast.Name))
    for statement, name in _assigned(nodes):
        if name not in read:
            before, statement.value = ast.dump(statement.value), _blanked(statement.value)
            changed |= ast.dump(statement.value) != before
    return changed


def _assigned(nodes: list[ast.AST]):
    """Yield the assignments to one variable, and its name."""
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and node.value
        if value and len(targets) == 1 and isinstance(targets[0], ast.Name):
            yield node, targets[0].id


def _outermost_functions(tree: ast.AST):
    for node in ast.iter_child_nodes(tree):
        if _is_function(node):
            yield node
        else:
            yield from _outermost_functions(node)


def _uncounted(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.ImportFrom):
        return statement.module in UNCOUNTED
    return _is_function(statement) and statement.name in RAISING


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def _never_returns(function: ast.FunctionDef) -> bool:
    return function.returns is not None and dotted(function.returns).split(".")[-1] == "NoReturn"
