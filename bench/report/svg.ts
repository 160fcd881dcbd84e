/** Drawing SVG with ECharts, without a browser; it is loaded when the first chart is drawn. */

import { createRequire } from "node:module";
import path from "node:path";

import type * as ECharts from "echarts";

/** A chart needs ECharts, and it is not installed. */
export class MissingChartsError extends Error {
  override readonly name = "MissingChartsError";

  constructor(cause: unknown) {
    super("the charts of a report need the package echarts: npm install echarts@6", { cause });
  }
}

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

let library: typeof ECharts | undefined;

/** @throws {@link MissingChartsError} where it is installed neither beside hapwire nor beside the user's work. */
function echarts(): typeof ECharts {
  if (library !== undefined) return library;
  const places = [__filename, path.join(process.cwd(), "any.js")];
  let missing: unknown;
  for (const place of places) {
    try {
      library = createRequire(place)("echarts") as typeof ECharts;
      return library;
    } catch (error) {
      missing ??= error;
    }
  }
  throw new MissingChartsError(missing);
}

/**
 * @param width - In pixels, as the height.
 * @returns An `svg` element: the same options give the same bytes.
 * @throws {@link MissingChartsError}
 */
export function drawSvg(option: ECharts.EChartsOption, width: number, height: number): string {
  const chart = echarts().init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: FONT }, ...option });
    return tidy(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/** What is there for a mouse goes: it is numbered by the charts drawn so far, and nothing here listens to one. */
function tidy(svg: string): string {
  return svg
    .replace(/<style\s*>.*?<\/style>/gs, "")
    .replace(
      / (class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="visible"|xmlns:xlink="[^"]*"|xml:space="\w+")/g,
      "",
    )
    .replace(/\bzr\d+-/g, "zr-")
    .replace(/\n+/g, "\n")
    .trim();
}
