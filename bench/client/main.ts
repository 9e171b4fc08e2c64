/** The process that runs the participants. It takes commands from the benchmark that started it, and ends with it. */
import { failureText } from '../lib/failure-text.ts';
import { Load } from './load.ts';
import type { DriverCommand, DriverRequest, DriverResponse } from './messages.ts';

const load = new Load();

function run(command: DriverCommand) {
  switch (command.type) {
    case 'prepare':
      return load.prepare(command);
    case 'join':
      return load.join(command);
    case 'talk':
      return load.talk(command.room, command.count);
    case 'first-sounds':
      return load.firstSounds(command.room);
    case 'act':
      return load.act(command);
    case 'reset':
      return load.reset();
    case 'report':
      return load.report();
    case 'leave':
      return load.leave();
  }
}

process.on('message', async ({ id, command }: DriverRequest) => {
  let response: DriverResponse;
  try {
    response = { id, result: await run(command) };
  } catch (error) {
    response = { id, error: failureText(error) };
  }
  process.send?.(response);
});
process.on('disconnect', () => process.exit(0));
