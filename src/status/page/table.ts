/** A table. A narrow page shows each row as a card, so that each cell carries the title of its column. */

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Numbers stand at the right, so that people can compare them. */
  readonly isNumber?: boolean;
}

export class Table<Row> {
  readonly #columns: readonly Column<Row>[];
  readonly #nothing: string;
  readonly #caption: HTMLElement;
  readonly #body: HTMLTableSectionElement;

  constructor(id: string, columns: readonly Column<Row>[], nothing: string) {
    const table = document.getElementById(id) as HTMLTableElement;
    this.#columns = columns;
    this.#nothing = nothing;
    const head = table.createTHead().insertRow();
    for (const column of columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = column.title;
      cell.classList.toggle("number", column.isNumber === true);
      head.append(cell);
    }
    this.#body = table.createTBody();
    this.#caption = table.createCaption();
  }

  /** Changes only the cells whose text has changed, so that a selection stays. */
  show(rows: readonly Row[]): void {
    if (rows.length === 0) {
      this.#body.replaceChildren(this.#emptyRow());
      return;
    }
    this.#body.querySelector(".nothing")?.closest("tr")?.remove();
    while (this.#body.rows.length > rows.length) {
      this.#body.deleteRow(-1);
    }
    rows.forEach((row, index) => {
      this.#fill(this.#body.rows[index] ?? this.#addRow(), row);
    });
  }

  setCaption(text: string): void {
    this.#caption.textContent = text;
  }

  #addRow(): HTMLTableRowElement {
    const element = this.#body.insertRow();
    for (const { title, isNumber = false } of this.#columns) {
      const cell = element.insertCell();
      cell.dataset["title"] = title;
      cell.classList.toggle("number", isNumber);
    }
    return element;
  }

  #fill(element: HTMLTableRowElement, row: Row): void {
    this.#columns.forEach(({ text }, index) => {
      const cell = element.cells[index];
      const wanted = text(row);
      if (cell !== undefined && cell.textContent !== wanted) {
        cell.textContent = wanted;
      }
    });
  }

  #emptyRow(): HTMLElement {
    const element = document.createElement("tr");
    const cell = document.createElement("td");
    cell.colSpan = this.#columns.length;
    cell.className = "nothing";
    cell.textContent = this.#nothing;
    element.append(cell);
    return element;
  }
}
