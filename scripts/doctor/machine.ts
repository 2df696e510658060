import { statfs } from "node:fs/promises";
import { type Finding, ok, warn } from "./finding.ts";

const nodeOfImages = 24;
const freeMin = 0.1;

/** Node and the disk of this machine. (Older than 20.18, nothing here starts.) */
export async function checkMachine(directory: string): Promise<Finding[]> {
  const { node } = process.versions;
  const { bavail, blocks, bsize } = await statfs(directory);
  const message = `${((bavail * bsize) / 2 ** 30).toFixed(1)} GiB free`;
  return [
    Number.parseInt(node, 10) >= nodeOfImages
      ? ok("node", `version ${node}`)
      : warn("node", `version ${node}`, `run ${nodeOfImages} in production, as the images do`),
    bavail / blocks >= freeMin
      ? ok("disk", message)
      : warn("disk", message, "make room: less than a tenth is free"),
  ];
}
