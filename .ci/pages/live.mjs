// The live pages in a browser, as their readers use them: numbers change by themselves, the pause
// holds them, the keyboard reaches everything, the language is switched, nothing is fetched from
// elsewhere, no error is told, and a page whose server stands still says so.
//
//   node live.mjs ADDRESS PROCESS     of a running demo, as http://127.0.0.1:9464 1234
//
// Ends with 1 when something is amiss, each on a line of its own.

import { chromium } from "playwright-core";

import { BROWSER } from "./browser.mjs";

const origin = new URL(process.argv[2]).origin;
const server = Number(process.argv[3]);
const PAGES = ["/", "/lage", "/vaggtavla", "/avdelning/socialforvaltningen", "/fragor"];
const STILL = ["/mal", "/mal/socialforvaltningen", "/om-matten", "/tillganglighet", "/rapporter", "/publik"];
const CHANGE_MS = 20_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: BROWSER,
});
const amiss = [];
const demand = (holds, what) => holds || amiss.push(what);

async function open(path, options = {}) {
  const context = await browser.newContext({ locale: "sv-SE", ...options });
  const page = await context.newPage();
  page.on("console", (said) => {
    if (said.type() === "error") amiss.push(`${path}: console: ${said.text()}`);
  });
  page.on("pageerror", (error) => amiss.push(`${path}: ${error}`));
  page.on("request", (asked) => {
    if (new URL(asked.url()).origin !== origin) amiss.push(`${path} asks ${asked.url()}`);
  });
  await page.goto(origin + path);
  return page;
}

const clock = (page) => page.locator("#status time").getAttribute("datetime");

// Numbers change by themselves, and stand still while paused.
async function changes(path) {
  const page = await open(path);
  const before = await clock(page);
  const moved = page.waitForFunction(
    (seen) => document.querySelector("#status time")?.dateTime !== seen,
    before,
    { timeout: CHANGE_MS },
  );
  await moved.catch(() => amiss.push(`${path} does not change by itself`));
  await page.locator("#pause").click();
  const paused = await clock(page);
  await page.waitForTimeout(2_500);
  demand((await clock(page)) === paused, `${path} changes while it is paused`);
  demand(await page.locator("#paused").isVisible(), `${path} does not say that it is paused`);
  await page.locator("#pause").click();
  await page
    .waitForFunction((seen) => document.querySelector("#status time")?.dateTime !== seen, paused, {
      timeout: CHANGE_MS,
    })
    .catch(() => amiss.push(`${path} does not go on after the pause`));
  await page.context().close();
}

// Every link and control is reached by Tab, in order, each with a visible focus.
async function keyboard(path) {
  const page = await open(path);
  const wanted = await page
    .locator("a[href]:visible, button:visible, summary:visible, [tabindex='0']:visible")
    .count();
  const reached = new Set();
  for (let step = 0; step < wanted + 5; step += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const focused = document.activeElement;
      if (!focused || focused === document.body) return null;
      const style = getComputedStyle(focused);
      const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
      const all = [...document.querySelectorAll("*")];
      return { place: all.indexOf(focused), seen, name: focused.outerHTML.slice(0, 60) };
    });
    if (at === null) continue;
    demand(at.seen, `${path}: no visible focus on ${at.name}`);
    reached.add(at.place);
    if (step === 0) demand(at.name.includes("skip"), `${path}: Tab does not begin at the skip link`);
  }
  demand(reached.size >= wanted, `${path}: Tab reaches ${reached.size} of ${wanted}`);
  await page.context().close();
}

async function language(path) {
  const page = await open(path);
  demand((await page.locator("html").getAttribute("lang")) === "sv", `${path} is not in Swedish`);
  await page.locator(".tools a[hreflang=en]").click();
  demand((await page.locator("html").getAttribute("lang")) === "en", `${path} is not in English`);
  await page.context().close();
}

// At 200 % zoom a window of 1 280 px is 640 px wide.
async function zoom(path) {
  const page = await open(path, { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 });
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  demand(wide <= 0, `${path} scrolls sideways by ${wide} px at 200 %`);
  await page.context().close();
}

// Without a script the page is whole, and says how to load it again.
async function scriptless(path) {
  const page = await open(path, { javaScriptEnabled: false });
  demand(await page.locator("main h1").isVisible(), `${path} has no heading without scripts`);
  demand(await page.locator("noscript a").isVisible(), `${path} cannot be loaded again`);
  await page.context().close();
}

// A wallboard whose server stands still must not look alive, and lives again when that goes on.
async function lost() {
  const page = await open("/vaggtavla");
  await page.locator("#pause").waitFor({ state: "visible" });
  const said = page.locator("#lost");
  process.kill(server, "SIGSTOP");
  await said
    .waitFor({ state: "visible", timeout: 30_000 })
    .catch(() => amiss.push("a wallboard without its server looks alive"));
  process.kill(server, "SIGCONT");
  await said
    .waitFor({ state: "hidden", timeout: 30_000 })
    .catch(() => amiss.push("a wallboard does not live again"));
  await page.context().close();
}

// A report is had without a script: a period, a department, a format.
async function order() {
  const page = await open("/rapporter", { javaScriptEnabled: false });
  await page.locator(".chips a").first().click();
  await page.locator("#department").selectOption("socialforvaltningen");
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("button[value=csv]").click(),
  ]);
  const name = file.suggestedFilename();
  demand(/^[0-9A-Z-]+-socialforvaltningen-internal\.sv\.csv$/.test(name), `a report is named ${name}`);
  await page.locator("button[value=html]").click();
  await page.waitForURL(/format=html/);
  const title = await page.locator("h1").textContent();
  demand(title.includes("Socialförvaltningen"), `a report is titled ${title}`);
  await page.context().close();
}

try {
  await lost();
  await order();
  for (const path of PAGES) {
    await changes(path);
    await scriptless(path);
  }
  for (const path of [...PAGES, ...STILL]) {
    await keyboard(path);
    await language(path);
    await zoom(path);
  }
} finally {
  await browser.close();
}
amiss.forEach((line) => console.log(line));
console.log(`live pages: ${PAGES.length} live and ${STILL.length} still, ${amiss.length} amiss`);
process.exit(amiss.length === 0 ? 0 : 1);
