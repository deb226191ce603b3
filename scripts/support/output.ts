import { printable } from '../../src/modules/moving-in/index.ts'

/** Control characters could move the cursor or colour the terminal; only the end of a line is kept. */
const clean = (text: string): string => text.split('\n').map(printable).join('\n')

// whoever reads along (`| head`) may have seen enough
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

export const say = (text: string): void => void process.stdout.write(`${clean(text)}\n`)

export const sayJson = (value: unknown): void => say(JSON.stringify(value, null, 2))

/** On stderr. */
export const complain = (text: string): void => void process.stderr.write(clean(text))
