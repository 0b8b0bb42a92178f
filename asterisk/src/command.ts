import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface CommandOptions {
  /** Added to the environment. */
  env?: Record<string, string>;
  /** Hears every line of standard output while it runs. */
  onLine?: (line: string) => void;
}

/** What a command that could not be run, or that failed, left behind. */
export class CommandFailed extends Error {
  readonly code = 'ASTERISK_COMMAND_FAILED';
  readonly output: string;

  constructor(command: string, reason: string, output: string) {
    super(`${command}: ${reason}${output === '' ? '' : `\n${lastLines(output, 15)}`}`);
    this.output = output;
  }
}

/** Runs a command without a shell and returns its standard output; throws {@link CommandFailed} when it fails. */
export function runCommand(command: string, args: string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      // Messages in English: some are looked at.
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let standardOutput = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      standardOutput += text;
      all += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      all += text;
    });
    const { onLine } = options;
    if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
    child.on('error', (error) => reject(new CommandFailed(command, error.message, all)));
    child.on('close', (status, signal) => {
      if (status === 0) resolve(standardOutput);
      else reject(new CommandFailed(command, signal ? `ended by ${signal}` : `failed with status ${status}`, all));
    });
  });
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
