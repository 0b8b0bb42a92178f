/** Whether a page fits its window: WCAG 2.2 1.4.10 (reflow) asks for 320 CSS pixels. */
import type { Page } from 'playwright-core';

/**
 * One line per text that sticks out: of the window, or of the box with a border or background that it stands in. Also looks
 * into open shadow roots. What scrolls by itself, such as a table of code, may be as wide as it needs.
 */
export async function textThatSticksOut(page: Page): Promise<string[]> {
  // tsx names inner functions by a helper that the page does not have.
  await page.evaluate('globalThis.__name ??= (named) => named');
  return page.evaluate(() => {
    const found: string[] = [];
    const scrolls = (style: CSSStyleDeclaration) => /auto|scroll/.test(style.overflowX);
    const isBox = (style: CSSStyleDeclaration) =>
      style.display !== 'inline' && (style.backgroundColor !== 'rgba(0, 0, 0, 0)' || /[1-9]/.test(style.borderWidth));
    const parentOf = (element: Element) =>
      element.assignedSlot ?? element.parentElement ?? (element.getRootNode() as Partial<ShadowRoot>).host ?? null;
    /** The right edge that text in this element may reach; null: it is hidden, or scrolls. */
    const edgeFor = (start: Element): number | null => {
      let edge = document.documentElement.clientWidth;
      for (let element: Element | null = start; element; element = parentOf(element)) {
        const style = getComputedStyle(element);
        if (style.clipPath !== 'none' || style.visibility === 'hidden') return null;
        if (element.matches('dialog, main, body, html')) continue;
        if (scrolls(style)) return null;
        if (isBox(style)) edge = Math.min(edge, element.getBoundingClientRect().right);
      }
      return edge;
    };
    const look = (root: Document | ShadowRoot): void => {
      const nodes = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
      for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
        if (node instanceof Element) {
          if (node.shadowRoot) look(node.shadowRoot);
          continue;
        }
        const text = node.textContent?.trim() ?? '';
        const element = node.parentElement;
        if (text === '' || !element?.checkVisibility()) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const right = Math.max(0, ...[...range.getClientRects()].map((box) => box.right));
        const edge = edgeFor(element);
        // Half a pixel is rounding.
        if (edge !== null && right > edge + 0.5) found.push(`"${text.slice(0, 40)}" by ${Math.ceil(right - edge)} px`);
      }
    };
    look(document);
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) found.push(`the page by ${wide} px`);
    return found;
  });
}
