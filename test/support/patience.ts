/** How long tests wait before they give up. The demo waits as they do, and cannot import from here. */

export { patient } from "#demo/patience";
