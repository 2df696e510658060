/** When Postgres last did what a statement of this process asked, by `performance.now()`. */
let answeredAt = Number.NEGATIVE_INFINITY;

export function noteAnswer(): void {
  answeredAt = performance.now();
}

export function answeredSince(time: number): boolean {
  return answeredAt > time;
}
