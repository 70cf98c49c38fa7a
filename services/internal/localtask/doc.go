// Package localtask runs each attempt's agent as a process of its own on this
// machine, as Fargate runs it as a task.
//
// A process outlives the server that started it, and the next server finds it
// again. What tells that it runs is a lock on the task's file and not a process
// id, which is reused:
//
//	server: lock the file → write "spawned" → start the process with the locked
//	        descriptor as its descriptor 3 → close the own copy
//	agent:  see that descriptor 3 holds the lock (Hold), and note its process id
//
// The lock is thus held from before the process exists until the kernel has
// closed the last descriptor of it, however server and agent end, kill -9
// included. So from the file alone:
//
//	lock held                  the task runs
//	lock free, "spawned"       it has ended, and is never started again
//	lock free, not "spawned"   it was never started, and may be
//
// A folder holds one file per task, <client token>.lock. It is deleted an hour
// after the end of the task was told, and never before; see Tasks.Watch.
//
// Agents are in a session of their own, so Ctrl-C in the server's terminal does
// not reach them. A service manager that ends all processes of a service with it
// must be told not to (systemd: KillMode=process).
package localtask
