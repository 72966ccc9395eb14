// A promise that nobody keeps: nothing is left to wait for, so the run is over.
// dialect: modern
// timeout: 1
// ends: success null
async function waitsForEver(req, resp) {
  await new Promise(() => {})
}
