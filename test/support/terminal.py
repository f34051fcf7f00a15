"""Runs a program under a pseudo-terminal: terminal.py COLUMNS ROWS PROGRAM ARGUMENT...

What it writes goes to stdout; what comes on stdin is typed. At its end the last line says how it ended and whether the
terminal is as it was."""
import fcntl, os, pty, select, struct, sys, termios

columns, rows, program = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
before = termios.tcgetattr(slave)
child = os.fork()
if child == 0:
    os.close(master)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for stream in (0, 1, 2):
        os.dup2(slave, stream)
    os.execvp(program[0], program)

is_typing, status = True, None
while True:
    ready, _, _ = select.select([master] + ([0] if is_typing else []), [], [], 0.05)
    if master in ready:
        os.write(1, os.read(master, 65536))
        continue
    if 0 in ready:
        typed = os.read(0, 1024)
        is_typing = typed != b""
        os.write(master, typed)
    if status is not None:
        break
    pid, ended = os.waitpid(child, os.WNOHANG)
    status = os.waitstatus_to_exitcode(ended) if pid != 0 else None
same = termios.tcgetattr(slave) == before
print(f"\nended {status} same {same}", flush=True)
