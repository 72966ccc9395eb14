// Never finishes loading.
// ends: timed-out
for (;;) {}
