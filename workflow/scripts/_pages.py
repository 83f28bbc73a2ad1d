"""Pages of one file each, made from templates of workflow/report, without external resources."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from teacherstudent.files.writing import whole_text


def write_page(template: str | Path, path: str | Path, **content) -> None:
    """Fill in a template and write the page.

    Parameters
    ----------
    template : path
        The template.
    path : path
        The page to write.
    **content
        The values of the variables of the template; texts are escaped.
    """
    folder, name = Path(template).parent, Path(template).name
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(name).render(content)
    with whole_text(path) as file:
        file.write(page + "\n")
