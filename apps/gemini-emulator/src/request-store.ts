const REQUESTS_MAX = 10_000;
const BYTES_MAX = 256 * 1024 * 1024;

/**
 * The bodies of the last requests on the bill as they arrived: 10,000 of them or 256 MB, whichever is less.
 * In memory only. The oldest go first.
 */
export class RequestStore {
  private readonly bodies = new Map<string, Buffer>();
  private bytes = 0;

  add(id: string, body: Buffer): void {
    this.bodies.set(id, body);
    this.bytes += body.length;
    for (const [oldest, { length }] of this.bodies) {
      if (this.bodies.size <= REQUESTS_MAX && this.bytes <= BYTES_MAX) return;
      this.bodies.delete(oldest);
      this.bytes -= length;
    }
  }

  get(id: string): Buffer | undefined {
    return this.bodies.get(id);
  }

  clear(): void {
    this.bodies.clear();
    this.bytes = 0;
  }
}
