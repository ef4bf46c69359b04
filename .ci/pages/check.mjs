// Pages and reports as their readers meet them: valid HTML, no finding of axe (WCAG 2.1 A and AA) in
// light and in dark, nothing that scrolls sideways at 320 px.
//
//   npm ci && node check.mjs FILE-OR-URL…
//
// Chromium is the system's own: CHROMIUM says where, by default /usr/bin/chromium. Ends with 1 when
// something was found, each finding on a line of its own.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import axe from "axe-core";
import { HtmlValidate } from "html-validate";
import { chromium } from "playwright-core";

import { BROWSER } from "./browser.mjs";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
const NARROW = { width: 320, height: 640 };
const WIDE = { width: 1280, height: 900 };
const isUrl = (target) => /^https?:/.test(target);

async function markup(target) {
  if (!isUrl(target)) return readFile(target, "utf8");
  const response = await fetch(target);
  // What is not found is told on a page too.
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("text/html")) throw new Error(`${target} is ${type}, no page`);
  return response.text();
}

// What html-validate finds.
async function invalid(target) {
  const validator = new HtmlValidate({ root: true, extends: ["html-validate:recommended"] });
  const report = await validator.validateString(await markup(target));
  const messages = report.results.flatMap((result) => result.messages);
  return messages.map(({ line, column, ruleId, message }) => `${line}:${column} ${ruleId}: ${message}`);
}

// What axe finds in one colour scheme.
async function inaccessible(page, scheme) {
  await page.emulateMedia({ colorScheme: scheme });
  const found = await page.evaluate(async (tags) => {
    const result = await globalThis.axe.run(document, {
      runOnly: { type: "tag", values: tags },
      resultTypes: ["violations"],
    });
    return result.violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary }) => {
        const why = (failureSummary ?? "").split("\n").slice(1).join(" ").trim();
        return `${id}: ${help}: ${target.join(" ")}: ${why}`;
      }),
    );
  }, TAGS);
  return found.map((finding) => `${scheme}: ${finding}`);
}

// By how much the page is wider than a narrow window, and what sticks out of it.
async function sideways(page) {
  await page.setViewportSize(NARROW);
  const found = await page.evaluate(() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return null;
    const scrolls = (element) =>
      element !== null &&
      (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
    const out = [...document.querySelectorAll("body *")]
      .filter((element) => element.scrollWidth > root.clientWidth && !scrolls(element))
      .slice(0, 3)
      .map((element) => `<${element.tagName.toLowerCase()} class="${element.className}">`);
    return `${root.scrollWidth} px wide at ${root.clientWidth} px: ${out.join(", ")}`;
  });
  await page.setViewportSize(WIDE);
  return found === null ? [] : [found];
}

async function check(browser, target) {
  const context = await browser.newContext({ viewport: WIDE, bypassCSP: true });
  try {
    const page = await context.newPage();
    await page.goto(isUrl(target) ? target : pathToFileURL(resolve(target)).href);
    await page.evaluate(axe.source);
    return [
      ...(await invalid(target)),
      ...(await inaccessible(page, "light")),
      ...(await inaccessible(page, "dark")),
      ...(await sideways(page)),
    ];
  } finally {
    await context.close();
  }
}

const targets = process.argv.slice(2);
if (targets.length === 0) {
  console.error("check.mjs: give files or addresses of pages");
  process.exit(2);
}
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: BROWSER });
let findings = 0;
try {
  for (const target of targets) {
    const found = await check(browser, target);
    for (const finding of found) console.log(`${target}: ${finding}`);
    if (found.length === 0) console.log(`${target}: nothing found`);
    findings += found.length;
  }
} finally {
  await browser.close();
}
process.exit(findings === 0 ? 0 : 1);
