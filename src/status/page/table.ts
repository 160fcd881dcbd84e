/** A table. A narrow page shows a card of two lines for each row instead of the columns. */

import { setText } from "./element.js";

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  /** Numbers stand at the right, so that people can compare them. */
  readonly isNumber?: boolean;
}

/** How a table shows its rows. */
export interface Layout<Row> {
  readonly columns: readonly Column<Row>[];
  /** The two lines of a card. The parts of a line are separated by dots. */
  readonly card: (row: Row) => readonly [first: readonly string[], second: readonly string[]];
  /** The tooltip of a row. */
  readonly tip?: (row: Row) => string;
  /** The text of a table without rows. */
  readonly nothing: string;
}

const SEPARATOR = " · ";

export class Table<Row> {
  readonly #layout: Layout<Row>;
  readonly #caption: HTMLElement;
  readonly #body: HTMLTableSectionElement;

  constructor(id: string, layout: Layout<Row>) {
    const table = document.getElementById(id) as HTMLTableElement;
    this.#layout = layout;
    const head = table.createTHead().insertRow();
    for (const { title, isNumber = false } of layout.columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = title;
      cell.classList.toggle("number", isNumber);
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
    setText(this.#caption, text);
  }

  #addRow(): HTMLTableRowElement {
    const element = this.#body.insertRow();
    for (const { isNumber = false } of this.#layout.columns) {
      element.insertCell().classList.toggle("number", isNumber);
    }
    const card = element.insertCell();
    card.className = "card";
    card.append(document.createElement("p"), document.createElement("p"));
    return element;
  }

  #fill(element: HTMLTableRowElement, row: Row): void {
    const { columns, card, tip } = this.#layout;
    columns.forEach(({ text }, index) => {
      setText(element.cells[index], text(row));
    });
    card(row).forEach((parts, line) => {
      setText(element.cells[columns.length]?.children[line], parts.filter(Boolean).join(SEPARATOR));
    });
    element.title = tip?.(row) ?? "";
  }

  #emptyRow(): HTMLElement {
    const element = document.createElement("tr");
    const cell = document.createElement("td");
    cell.colSpan = this.#layout.columns.length;
    cell.className = "nothing";
    cell.textContent = this.#layout.nothing;
    element.append(cell);
    return element;
  }
}
