"""A terminal and a small shell for one program: terminal.py COLUMNS ROWS STEPS PROGRAM...

STEPS is JSON: [["wait", TEXT], ["send", TEXT], ["size", COLUMNS, ROWS], ["signal", NAME], ["sleep", SECONDS], ["mark"], ["alone"], ...]. The shell gives
the program the terminal, says "[stopped ...]" or "[ended ...]" with the terminal's modes, and wakes what was stopped.
With "alone" the program is in the shell's own group, which nobody could wake: the kernel does not stop it.
Prints JSON: the output in pieces, cut at each "mark".
"""
import fcntl, json, os, pty, select, signal, struct, sys, termios, time

LIMIT = 20


def set_size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def modes():
    flags = termios.tcgetattr(0)[3]
    return "cooked" if flags & termios.ICANON and flags & termios.ECHO and flags & termios.ISIG else "raw"


def shell(program, alone):
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    for each in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        if not alone:
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.execvp(program[0], program)
    print(f"[program {child}]", flush=True)
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        os.tcsetpgrp(0, os.getpid())
        if not os.WIFSTOPPED(status):
            print(f"[ended {os.waitstatus_to_exitcode(status)} {modes()}]", flush=True)
            os._exit(0)
        print(f"[stopped {modes()}]", flush=True)
        time.sleep(0.2)
        os.tcsetpgrp(0, child)
        os.killpg(child, signal.SIGCONT)


def main():
    columns, rows, steps, program = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), sys.argv[4:]
    parent, child = os.openpty()
    set_size(parent, columns, rows)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(child, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(child, fd)
        os.close(parent)
        shell(program, ["alone"] in steps)
    os.close(child)
    pieces, seen, open_, deadline = [""], b"", True, time.time() + LIMIT
    raw = [b""]

    def read(seconds):
        if not select.select([parent], [], [], seconds)[0]:
            return True
        try:
            data = os.read(parent, 65536)
        except OSError:
            return False
        raw[-1] += data
        return data != b""

    problem = None
    for step in [*steps, ["wait", "[ended "]]:
        if step[0] == "wait":
            while step[1].encode() not in raw[-1]:
                if not read(0.1) and step[1].encode() not in raw[-1] or time.time() > deadline:
                    problem = f"{step[1]!r} did not come"
                    break
            # What belongs to the same drawing.
            while select.select([parent], [], [], 0.05)[0] and read(0):
                pass
        elif step[0] == "send":
            os.write(parent, step[1].encode())
        elif step[0] == "size":
            set_size(parent, step[1], step[2])
        elif step[0] == "mark":
            raw.append(b"")
        elif step[0] == "sleep":
            end = time.time() + step[1]
            while time.time() < end and read(0.02):
                pass
        elif step[0] == "signal":
            program_pid = int(b"".join(raw).split(b"[program ")[1].split(b"]")[0])
            os.kill(program_pid, getattr(signal, step[1]))
        if problem:
            break
    if problem:
        try:
            text = b"".join(raw)
            if b"[program " in text:
                os.kill(int(text.split(b"[program ")[1].split(b"]")[0]), signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    os.waitpid(pid, 0)
    print(json.dumps({"problem": problem, "pieces": [each.decode("utf8", "replace") for each in raw]}))


main()
