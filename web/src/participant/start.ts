export async function start() { /* follows */ }
