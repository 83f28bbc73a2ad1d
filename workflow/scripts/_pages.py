"""Pages of one file each: templates of workflow/report, filled in; nothing is loaded from elsewhere."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from teacherstudent.files.writing import whole_text


def write_page(template: str | Path, path: str | Path, **content) -> None:
    """Fill in a template and write the page; text is escaped."""
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
