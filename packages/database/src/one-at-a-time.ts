type Ask = (...question: unknown[]) => unknown;

/**
 * Asks a connection for one thing after the other: what comes before it has answered waits. Prisma sends the parts of what is
 * too long for one statement all at once, and looks up at once what belongs to a row that it has written; pg 9 refuses that.
 */
export function oneAtATime(ask: Ask): Ask {
  let before: Promise<void> | undefined;
  return (...question) => {
    const asked = before ? before.then(() => ask(...question)) : ask(...question);
    // The pool's own questions are answered by a callback: who asks them has the connection alone.
    if (!(asked instanceof Promise)) return asked;
    const end = () => {
      if (before === answered) before = undefined;
    };
    const answered: Promise<void> = asked.then(end, end);
    before = answered;
    return asked;
  };
}
