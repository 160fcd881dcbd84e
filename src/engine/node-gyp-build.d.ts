/** The one function of node-gyp-build that is used here; the package has no types of its own. */
declare module "node-gyp-build" {
  interface NodeGypBuild {
    /** The file of the addon that fits this platform, below a package's root. Throws where there is none. */
    resolve(root: string): string;
  }
  const nodeGypBuild: NodeGypBuild;
  export = nodeGypBuild;
}
