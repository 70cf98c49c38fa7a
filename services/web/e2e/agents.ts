import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Ends the agents of a server whose data folder goes away. They outlive their server
 * on purpose, and would wait for a folder that never comes back.
 */
export function endAgents(data: string): void {
  const tasks = join(data, 'tasks');
  if (!existsSync(tasks)) return;
  for (const task of readdirSync(tasks)) {
    for (const [, text] of readFileSync(join(tasks, task), 'utf8').matchAll(/"pid":(\d+)/g)) {
      const pid = Number(text);
      if (/\bagent\b/.test(commandOf(pid))) process.kill(pid, 'SIGKILL');
    }
  }
}

/** The command line of a process; empty when there is none of this number any more. */
function commandOf(pid: number): string {
  if (!existsSync('/proc')) return spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).stdout;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
