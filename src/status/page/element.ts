/** The elements of index.html that the code fills. */

export function elementOf(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) {
    throw new Error(`the page has no #${id}`);
  }
  return element;
}

/** Changes the text only if it differs, so that a selection stays and screen readers are quiet. */
export function setText(element: Element | null | undefined, text: string): void {
  if (element != null && element.textContent !== text) {
    element.textContent = text;
  }
}
