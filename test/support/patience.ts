/** How long tests wait before they give up. */

export { patient } from "#bench/harness/patience";
