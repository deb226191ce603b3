export { makeDemo } from './demo.ts'
export { makeSandbox, type Sandbox } from './sandbox.ts'
export { sandboxTasks } from './tasks.ts'
