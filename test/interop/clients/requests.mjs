import { createInterface } from 'node:readline';

/**
 * Answers the requests that `stack.ts` describes. `connect` makes a connection: an object with the methods `offer()`,
 * `offerAgain(change)`, `accept(answer)`, `listen(ms)` and `hangUp()`.
 */
export function answerRequests(connect) {
  const connections = new Map();
  const answer = ({ method, connection: name, ...more }) => {
    if (method === 'offer') connections.set(name, connect(more));
    const connection = connections.get(name);
    switch (method) {
      case 'offer':
        return connection.offer();
      case 'offerAgain':
        return connection.offerAgain(more);
      case 'accept':
        return connection.accept(more.answer);
      case 'listen':
        return connection.listen(more.ms);
      case 'hangUp':
        connections.delete(name);
        return connection?.hangUp();
    }
  };
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, ...request } = JSON.parse(line);
    try {
      write({ id, result: await answer(request) });
    } catch (error) {
      write({ id, error: String(error) });
    }
  });
}

function write(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
