// Timers that set timers.
// dialect: modern
// timeout: 1
// ends: failed execution timeout|more memory|ended
async function loopsInTimers(req, resp) {
  const again = () => { setTimeout(again, 0) }; for (let i = 0; i < 50; i++) again(); await new Promise(() => {})
}
