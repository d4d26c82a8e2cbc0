import { correction, generate } from "lean-qr/nano";

/** The margin that readers need, in modules. Source: ISO/IEC 18004. */
const QUIET_ZONE = 4;

/** @returns the code as an SVG picture without a size of its own, one unit to a module; black on white, whatever is behind it. */
export function drawQr(text: string): string {
  const code = generate(text, { minCorrectionLevel: correction.M });
  const side = code.size + 2 * QUIET_ZONE;
  let dark = "";
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (code.get(x, y)) dark += `M${x + QUIET_ZONE},${y + QUIET_ZONE}h1v1h-1z`;
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><path fill="#fff" d="M0,0h${side}v${side}h-${side}z"/><path d="${dark}"/></svg>`;
}
