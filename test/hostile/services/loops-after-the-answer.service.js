// Has answered, and goes on.
// timeout: 1
// dialect: modern
// ends: success "done"
async function loopsAfterTheAnswer(req, resp) {
  Promise.resolve().then(() => { for (;;) {} })
  setTimeout(() => { for (;;) {} }, 0)
  resp.success('done')
}
