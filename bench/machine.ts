import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'

const kernelTicks = 100

type Stat = { parent: number; own: number; reaped: number }

/** From /proc; null for a process that has ended, and on systems without it. */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    return { parent: fields[1]!, own: fields[11]! + fields[12]!, reaped: fields[13]! + fields[14]! }
  } catch {
    return null
  }
}

/** The children of a process, by /proc. */
export const childrenOf = (pid: number): number[] =>
  process.platform === 'linux'
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((each) => statOf(each)?.parent === pid)
    : []

/** Processor seconds of a process and its children, those that have ended among them. NaN where the system does not tell. */
export function processorSeconds(pid: number): number {
  for (;;) {
    const before = statOf(pid)
    if (!before) return Number.NaN
    const children = childrenOf(pid).reduce((sum, child) => sum + (statOf(child)?.own ?? 0), 0)
    const after = statOf(pid)
    // a child that ended meanwhile may have been counted in neither place
    if (after?.reaped === before.reaped) return (after.own + after.reaped + children) / kernelTicks
  }
}

/** Processor seconds of all our children that have ended. */
export const reapedSeconds = (): number => (statOf(process.pid)?.reaped ?? Number.NaN) / kernelTicks

/** Processor seconds of everything on the machine since it was started. */
export function machineSeconds(): number {
  try {
    const [, user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8').split(/\s+/).map(Number)
    return (user! + nice! + system! + irq! + softirq!) / kernelTicks
  } catch {
    return Number.NaN
  }
}

export const machine = (): string =>
  `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GiB of memory`

export const system = (): string => `${os.type()} ${os.release()}, Node.js ${process.versions.node}`

export const versionOf = (program: string): string => execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
