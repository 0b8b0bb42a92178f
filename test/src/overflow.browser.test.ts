import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from './browser.ts';
import { textThatSticksOut } from './overflow.ts';

describe('text that sticks out', function () {
  this.timeout(60_000);
  let browser: Browser;
  let page: Page;
  before(async () => {
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 320, height: 400 } });
  });
  after(() => browser?.close());

  const found = async (body: string) => {
    await page.setContent(`<!doctype html><body style="margin:0;font:16px monospace">${body}`);
    const lines = await textThatSticksOut(page);
    return lines.map((line) => line.replace(/ by \d+ px/, ''));
  };
  const word = 'Bürgerangelegenheiten';

  it('is found at the window’s edge and at the edge of a box', async () => {
    expect(await found(`<p>${word} and other words that wrap</p>`)).to.deep.equal([]);
    expect(await found(`<p>${word.repeat(3)}</p>`)).to.have.members([`"${word.repeat(3).slice(0, 40)}"`, 'the page']);
    expect(await found(`<button style="width:6em;white-space:nowrap">${word}</button>`)).to.deep.equal([`"${word}"`]);
    expect(await found(`<p style="width:6em;border-top:1px solid">${word}</p>`)).to.deep.equal([`"${word}"`]);
  });

  it('is found in a shadow root', async () => {
    const inside = `<template shadowrootmode="open"><p style="width:6em;background:#eee">${word}</p></template>`;
    await page.goto(`data:text/html,<!doctype html><div>${encodeURIComponent(inside)}</div>`);
    expect(await textThatSticksOut(page)).to.have.length(1);
  });

  it('is none where one can scroll, or where nobody sees it', async () => {
    expect(await found(`<pre style="overflow:auto">${word.repeat(3)}</pre>`)).to.deep.equal([]);
    const hidden = 'position:absolute;width:1px;overflow:hidden;clip-path:inset(50%);background:#eee';
    expect(await found(`<span style="${hidden}">${word}</span>`)).to.deep.equal([]);
    expect(await found(`<p style="display:none;width:1em;background:#eee">${word}</p>`)).to.deep.equal([]);
  });
});
