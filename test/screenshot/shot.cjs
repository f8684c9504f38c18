// usage: node shot.cjs <chromium> <store URL> <dashboard title> <file.png>
// Opens a dashboard in vmui, waits until every visible chart has drawn its lines, and saves a picture of it.
const { chromium } = require("playwright-core");

const [executablePath, store, title, file] = process.argv.slice(2);
const range = process.env.RANGE || "10m";

async function main() {
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1920, height: 1490 } });
    await page.goto(`${store}/vmui/#/dashboards?g0.range_input=${range}`);
    await page.getByText(title, { exact: true }).first().click();
    await page.waitForFunction(allDrawn, null, { timeout: 60_000 });
    await page.screenshot({ path: file });
    console.log(file);
  } finally {
    await browser.close();
  }
}

// allDrawn runs in the page: every chart in view has a legend, and a canvas with coloured pixels, which only lines have.
function allDrawn() {
  const panels = [...document.querySelectorAll(".vm-predefined-panel")].filter((p) => p.getBoundingClientRect().top < innerHeight);
  const coloured = (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 200 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 60) return true;
    }
    return false;
  };
  return panels.length > 0 && panels.every((p) => p.querySelector("canvas") && coloured(p.querySelector("canvas")));
}

main().catch((err) => {
  console.error(String(err));
  process.exit(1);
});
