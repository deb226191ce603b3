import { makeGround } from './ground.ts'
import { listFigures } from './lists.ts'
import { sectionText } from './report.ts'

const ground = await makeGround(20)
try {
  console.log(sectionText(await listFigures(ground, { quick: !process.argv.includes('--full') } as never), 1))
} catch (e) {
  console.log(e)
} finally {
  await ground.stop()
}
