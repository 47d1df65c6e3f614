"""A bare Textual app with a table of 100 rows: what the dashboard's first frame is compared with."""

from textual.app import App, ComposeResult
from textual.widgets import DataTable


class BareApp(App[None]):
    """One table."""

    def compose(self) -> ComposeResult:
        yield DataTable()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns("state", "task", "agent", "cost", "age")
        for number in range(100):
            table.add_row("completed", f"Benchmark task {number:06d}", "demo", "-", "1m")


if __name__ == "__main__":
    BareApp().run()
